import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { WorkspacePaths } from '../../platform/paths.ts';

/** Where a person's own metrics lie: beside the settings, the one place that plugins are loaded from. */
export const ownMetricsFolder = ({ configFile }: Pick<WorkspacePaths, 'configFile'>): string =>
  path.join(path.dirname(configFile), 'metrics');

/** The files in it, by name; none when there is no such folder. Reads no code. */
export function ownMetricFiles(paths: Pick<WorkspacePaths, 'configFile'>): string[] {
  const folder = ownMetricsFolder(paths);
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
      .map(({ name }) => path.join(folder, name))
      .sort();
  } catch {
    return [];
  }
}
