import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import { isDataFile } from './inputs.ts';
import { dataExtension } from './records/extension.ts';

export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Of files in LFS. */
  readonly sha256?: string;
}

const SPLITS: readonly (readonly [string, RegExp])[] = [
  ['train', /(^|[^a-z0-9])(train|training)([^a-z0-9]|$)/],
  ['validation', /(^|[^a-z0-9])(validation|valid|val|dev|development)([^a-z0-9]|$)/],
  ['test', /(^|[^a-z0-9])(test|testing|eval|evaluation|trial)([^a-z0-9]|$)/],
];
/** Every split, to be kept as the dataset's split `files`. */
export const ALL_SPLITS = 'all';
/** Where the same rows lie in several types, the first is taken. */
const TYPES = ['.parquet', '.jsonl', '.ndjson', '.json', '.csv', '.tsv'];

/** The split that a file's path names, as the hub itself reads it: `data/train-00000-of-00002.parquet`. */
export function splitOfPath(file: string): string | undefined {
  const lower = file.toLowerCase();
  return SPLITS.find(([, pattern]) => pattern.test(lower))?.[0];
}

/**
 * The files of one split and one subset, in order. Errors: `not-found` when there are none, `usage` when it must be said
 * which subset or split is meant.
 */
export function pickHubFiles(
  repo: string,
  all: readonly HubFile[],
  wish: { readonly split?: string; readonly subset?: string; readonly inside: string },
): HubFile[] {
  const folder = [wish.inside, wish.subset].filter(Boolean).join('/').replace(/\/+$/, '');
  const below = all
    .filter((file) => file.size > 0 && isDataFile(file.path))
    .filter((file) => folder === '' || file.path === folder || `/${file.path}`.includes(`/${folder}/`));
  if (below.length === 0) throw nothing(repo, folder, all);
  const everything = wish.split === ALL_SPLITS;
  const split = everything ? undefined : chosenSplit(repo, below, wish.split);
  const inSplit = below.filter((file) => everything || splitOfPath(file.path) === split);
  const type = TYPES.find((one) => inSplit.some((file) => dataExtension(file.path) === one));
  const files = inSplit.filter((file) => dataExtension(file.path) === type);
  const subsets = [...new Set(files.map((file) => path.posix.dirname(file.path)))];
  // Folders may be splits, too: `train/rows.json`, `test/rows.json`.
  if (subsets.length > 1 && !(everything && subsets.every((folder) => splitOfPath(folder) !== undefined))) {
    throw new RagtuiError(
      'usage',
      `${repo} has several subsets: ${subsets.join(', ')}.`,
      `Name one: hub:${repo}:${subsets[0] ?? ''}`,
    );
  }
  return files.toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** As wished; else train, else the only one there is. */
function chosenSplit(repo: string, files: readonly HubFile[], wished: string | undefined): string | undefined {
  const known = [...new Set(files.map((file) => splitOfPath(file.path)))];
  const names = known.filter((one) => one !== undefined);
  if (wished !== undefined) {
    const wanted = splitOfPath(wished) ?? wished;
    if (known.includes(wanted)) return wanted;
    const there = names.length > 0 ? `There are: ${names.join(', ')}.` : 'Its files name no split: leave it out.';
    throw new RagtuiError('not-found', `${repo} has no split ${wished}.`, there);
  }
  if (names.includes('train')) return 'train';
  if (known.length === 1) return known[0];
  if (known.includes(undefined)) return undefined;
  throw new RagtuiError('usage', `${repo} has the splits ${names.join(', ')}.`, `Name one: --split ${names[0] ?? ''}`);
}

function nothing(repo: string, folder: string, all: readonly HubFile[]): RagtuiError {
  const types = [...new Set(all.map((file) => path.extname(file.path)).filter(Boolean))].slice(0, 8).join(', ');
  const where = folder === '' ? '' : ` in ${folder}`;
  return new RagtuiError(
    'not-found',
    `${repo} has no JSON, JSON lines, CSV or Parquet file${where}.`,
    types === '' ? 'Is the name right?' : `It holds: ${types}.`,
  );
}
