import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { WorkspacePaths } from '../platform/paths.ts';
import { viewOf } from './doctor/row-view.ts';
import { SPLITS_FOLDER } from './layout.ts';
import { type AnyDataset, openDataset } from './open.ts';
import { keepSplits, sharedRows, writeSplitFile } from './splits/keep.ts';
import { type DatasetManifest, type Split, type SplitFile, splitFileSchema } from './types.ts';
import { textKey } from './version-writer.ts';

/**
 * The splits of a version for the one that was made from it: the same rows under their new numbers (`numbers`, -1:
 * gone). A split that loses a whole part does not come along, nor one whose name the new version has already.
 */
export async function carrySplits(
  paths: WorkspacePaths,
  from: AnyDataset,
  to: DatasetManifest,
  numbers: Int32Array,
): Promise<void> {
  const known = new Set(to.splits.map(({ name }) => name));
  const splits = from.manifest.splits.filter(({ name }) => !known.has(name));
  if (splits.length === 0) return;
  const after = openDataset(paths, to.name, { version: to.version });
  const texts = new Map<number, string>();
  const textOf = (row: number): string => {
    const found = texts.get(row) ?? contextOf(after, row);
    texts.set(row, found);
    return found;
  };
  const carried = splits.flatMap((split): Split[] => {
    const parts = renumbered(readParts(from.folder, split), numbers);
    if (Object.values(parts).some((rows) => rows.length === 0)) return [];
    return [
      {
        ...split,
        carriedFrom: split.carriedFrom ?? from.manifest.version,
        file: writeSplitFile(after.folder, split.name, parts),
        parts: Object.entries(parts).map(([name, rows]) => ({
          name,
          rows: rows.length,
          sharedWithTrain: name === 'train' ? 0 : sharedRows(textOf, parts['train'] ?? [], rows),
        })),
      },
    ];
  });
  await keepSplits(paths, to, carried);
}

function contextOf(dataset: AnyDataset, row: number): string {
  const [context = ''] = viewOf(dataset.row(row)).contexts;
  return context.trim() === '' ? '' : textKey(context);
}

const readParts = (folder: string, { file }: Split): SplitFile =>
  splitFileSchema.parse(JSON.parse(readFileSync(path.join(folder, SPLITS_FOLDER, file), 'utf8')));

const renumbered = (parts: SplitFile, numbers: Int32Array): SplitFile =>
  Object.fromEntries(
    Object.entries(parts).map(([name, rows]) => [
      name,
      rows.map((row) => numbers[row] ?? -1).filter((row) => row >= 0),
    ]),
  );
