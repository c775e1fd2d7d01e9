import os from 'node:os';
import { loadSettings } from '../../platform/config.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';

/** A parser takes up to 512 MB: more of them by default would be too much for some machines. */
const MOST_PARSERS = 8;

/** How many processes of each kind an ingest has: `[ingest]` of the settings, else one a core but one. */
export interface IngestWidth {
  readonly parsers: number;
  readonly embedders: number;
}

export function ingestWidth(paths: Pick<WorkspacePaths, 'configFile'>): IngestWidth {
  const { ingest } = loadSettings(paths.configFile).settings;
  const cores = Math.max(1, os.availableParallelism() - 1);
  return { parsers: ingest.parsers ?? Math.min(MOST_PARSERS, cores), embedders: ingest.embedders ?? cores };
}
