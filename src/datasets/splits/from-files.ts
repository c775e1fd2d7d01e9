import type { WorkspacePaths } from '../../platform/paths.ts';
import { viewOf } from '../doctor/row-view.ts';
import { splitOfPath } from '../hub-files.ts';
import { openDataset } from '../open.ts';
import { readManifest } from '../store.ts';
import { textHash } from '../text-set.ts';
import type { DatasetManifest, Split, SplitFile } from '../types.ts';
import { keepSplits, sharedRows, writeSplitFile } from './keep.ts';

export const FILES_SPLIT = 'files';

/** Rows of a version that came from one file. */
export interface FileRows {
  readonly file: string;
  readonly first: number;
  readonly rows: number;
}

/**
 * Where the files of an import name parts (`train.json`, `data/test-00000.parquet`), keeps these as the split `files`:
 * thrown together, what is published as a test would be trained on. Nothing where a file names none, or all the same.
 */
export async function keepFileSplit(
  paths: WorkspacePaths,
  manifest: DatasetManifest,
  files: readonly FileRows[],
): Promise<DatasetManifest> {
  const parts = partsOf(files);
  if (!parts || manifest.splits.some(({ name }) => name === FILES_SPLIT)) return manifest;
  const dataset = openDataset(paths, manifest.name, { version: manifest.version });
  const contexts = new BigUint64Array(manifest.rows);
  let at = 0;
  for await (const row of dataset.rows()) {
    const [context = ''] = viewOf(row).contexts;
    contexts[at++] = context.trim() === '' ? 0n : textHash(context);
  }
  const contextOf = (row: number): string => (contexts[row] ? String(contexts[row]) : '');
  const split: Split = {
    name: FILES_SPLIT,
    method: 'files',
    seed: 0,
    parameters: {},
    parts: Object.entries(parts).map(([name, numbers]) => ({
      name,
      rows: numbers.length,
      sharedWithTrain: name === 'train' ? 0 : sharedRows(contextOf, parts['train'] ?? [], numbers),
    })),
    file: writeSplitFile(dataset.folder, FILES_SPLIT, parts),
    createdAt: new Date().toISOString(),
  };
  await keepSplits(paths, manifest, [split]);
  return readManifest(paths, manifest.name, manifest.version);
}

/** Our word for the hub's `validation`. */
const partName = (split: string): string => (split === 'validation' ? 'dev' : split);

function partsOf(files: readonly FileRows[]): SplitFile | undefined {
  const parts: Record<string, number[]> = {};
  for (const { file, first, rows } of files) {
    const split = splitOfPath(file);
    if (split === undefined) return undefined;
    parts[partName(split)] ??= [];
    for (let row = first; row < first + rows; row++) parts[partName(split)]?.push(row);
  }
  const full = Object.values(parts).every((rows) => rows.length > 0);
  return full && Object.keys(parts).length > 1 ? parts : undefined;
}
