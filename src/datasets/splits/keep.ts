import { createHash } from 'node:crypto';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { writeJsonAtomic } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { SPLITS_FOLDER } from '../layout.ts';
import { changeDataset } from '../store.ts';
import type { DatasetManifest, Split, SplitFile } from '../types.ts';

/** Writes the row numbers below the version's folder; the name holds their hash. Returns that name. */
export function writeSplitFile(versionFolder: string, name: string, parts: SplitFile): string {
  const file = splitFileName(name, parts);
  writeJsonAtomic(path.join(versionFolder, SPLITS_FOLDER, file), parts);
  return file;
}

/** The name of the file of these parts: the same parts have the same one. */
export function splitFileName(name: string, parts: SplitFile): string {
  return `${name}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)}.json`;
}

/** Names splits in `dataset.json`; one of the same name is replaced, its file stays for those who noted it. */
export function keepSplits(
  paths: WorkspacePaths,
  { name, slug, version }: DatasetManifest,
  splits: readonly Split[],
  signal?: AbortSignal,
): Promise<void> {
  return changeDataset(paths, slug, signal, (before) => {
    if (!before) throw new RagtuiError('not-found', `The dataset "${name}" is gone.`, 'See "ragtui dataset list".');
    const names = new Set(splits.map((split) => split.name));
    const versions = before.versions.map((one) =>
      one.version === version
        ? { ...one, splits: [...one.splits.filter((other) => !names.has(other.name)), ...splits] }
        : one,
    );
    return { after: { ...before, versions }, result: undefined };
  });
}

/** How many of `numbers` have a context that is, to the character, also one of `train`; '' is none. */
export function sharedRows(
  textOf: (row: number) => string,
  train: readonly number[],
  numbers: readonly number[],
): number {
  const known = new Set(train.map(textOf));
  return numbers.filter((at) => textOf(at) !== '' && known.has(textOf(at))).length;
}
