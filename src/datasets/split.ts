import { createHash } from 'node:crypto';
import path from 'node:path';
import { writeJsonAtomic } from '../models/files.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { SPLITS_FOLDER } from './layout.ts';
import { NumpyRng } from './numpy-rng.ts';
import { type Dataset, openQaDataset } from './open.ts';
import { changeDataset, readManifest } from './store.ts';
import { type DatasetManifest, isComplete, type Split, type SplitFile, type SplitMethod } from './types.ts';
import { textKey } from './version-writer.ts';

/** Seed of the tutorial, and ours where none is named. */
export const DEFAULT_SEED = 1314;
const TUTORIAL_SHARE = 0.1;

export interface SplitOptions {
  readonly method: SplitMethod;
  readonly seed?: number;
  /** Rows (a whole number) or a share below 1. For `context`; the tutorial's split is always a tenth. */
  readonly test?: number;
  /** The same for a third part `dev`; none by default. */
  readonly dev?: number;
  readonly signal?: AbortSignal;
}

/**
 * Cuts the current version of a `qa` dataset into parts and keeps that under the name of the method.
 * `context`: no context is in two parts, incomplete rows are in none. `tutorial`: rows shuffled as numpy's
 * `default_rng(seed)` does, the first tenth is the test part, in that order (design §7).
 * Errors: `usage`, `invalid` when a part would be empty.
 */
export async function splitDataset(
  paths: WorkspacePaths,
  name: string,
  options: SplitOptions,
): Promise<{ manifest: DatasetManifest; split: Split }> {
  const dataset = openQaDataset(paths, name);
  const seed = options.seed ?? DEFAULT_SEED;
  const rows = await keysOf(dataset);
  const parameters = sizes(options, rows.filter((row) => row.complete).length);
  const parts = options.method === 'tutorial' ? tutorialParts(rows.length, seed) : contextParts(rows, seed, parameters);
  checkParts(parts);
  const file = writeSplitFile(dataset, options.method, parts);
  const split: Split = {
    name: options.method,
    method: options.method,
    seed,
    parameters: options.method === 'tutorial' ? { test: TUTORIAL_SHARE } : parameters,
    parts: Object.entries(parts).map(([part, numbers]) => ({
      name: part,
      rows: numbers.length,
      sharedWithTrain: part === 'train' ? 0 : sharedRows(rows, parts['train'] ?? [], numbers),
    })),
    file,
    createdAt: new Date().toISOString(),
  };
  await keepSplit(paths, dataset.manifest, split, options.signal);
  return { manifest: readManifest(paths, name, dataset.manifest.version), split };
}

interface RowKeys {
  readonly contextId: string;
  /** Of the context's text; '' when it is empty. */
  readonly text: string;
  readonly complete: boolean;
}

async function keysOf(dataset: Dataset<'qa'>): Promise<RowKeys[]> {
  const keys: RowKeys[] = [];
  for await (const row of dataset.rows()) {
    const text = row.context.trim() === '' ? '' : textKey(row.context);
    keys.push({ contextId: row.contextId, text, complete: isComplete(row) });
  }
  return keys;
}

/** The sizes asked for as numbers of rows. */
function sizes(options: SplitOptions, rows: number): { test: number; dev: number } {
  if (options.method === 'tutorial' && (options.test !== undefined || options.dev !== undefined)) {
    throw new RagtuiError(
      'usage',
      "The tutorial's split is always a tenth.",
      'Leave out the sizes, or split by context.',
    );
  }
  return { test: size('test', options.test ?? 0.1, rows), dev: size('dev', options.dev ?? 0, rows) };
}

function size(name: string, wanted: number, rows: number): number {
  const count = wanted < 1 ? Math.round(wanted * rows) : wanted;
  if (Number.isInteger(count) && count >= 0 && count < rows) return count;
  throw new RagtuiError(
    'usage',
    `${wanted} is no size for the part ${name} of ${rows} rows.`,
    'Give a number of rows, or a share below 1.',
  );
}

function tutorialParts(rows: number, seed: number): SplitFile {
  const shuffled = new NumpyRng(seed).permutation(rows);
  const test = Math.ceil(rows * TUTORIAL_SHARE);
  return { test: shuffled.slice(0, test), train: shuffled.slice(test) };
}

/**
 * Contexts in shuffled order go to test, then to dev, as long as they fit; what is left is train. The parts keep that
 * order, so that the first rows of a part are a sample of it.
 */
function contextParts(rows: readonly RowKeys[], seed: number, wanted: { test: number; dev: number }): SplitFile {
  const groups = contextGroups(rows);
  const parts: { test: number[]; dev: number[]; train: number[] } = { test: [], dev: [], train: [] };
  for (const at of new NumpyRng(seed).permutation(groups.length)) {
    const group = groups[at] ?? [];
    const part = (['test', 'dev'] as const).find((name) => parts[name].length + group.length <= wanted[name]);
    parts[part ?? 'train'].push(...group);
  }
  const { test, dev, train } = parts;
  return wanted.dev > 0 ? { test, dev, train } : { test, train };
}

/** Complete rows that belong together: the same context id or the same text, directly or through others. */
function contextGroups(rows: readonly RowKeys[]): number[][] {
  const parent = rows.map((_, at) => at);
  const root = (at: number): number => {
    let top = at;
    for (let up = parent[top] ?? top; up !== top; up = parent[top] ?? top) top = up;
    parent[at] = top;
    return top;
  };
  const firstWith = new Map<string, number>();
  for (const [at, row] of rows.entries()) {
    if (!row.complete) continue;
    for (const key of [`id ${row.contextId}`, `text ${row.text}`]) {
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, at);
      else parent[Math.max(root(at), root(first))] = Math.min(root(at), root(first));
    }
  }
  const groups = new Map<number, number[]>();
  for (const [at, row] of rows.entries()) {
    if (!row.complete) continue;
    const top = root(at);
    const group = groups.get(top);
    if (group) group.push(at);
    else groups.set(top, [at]);
  }
  return [...groups.values()];
}

function checkParts(parts: SplitFile): void {
  const empty = Object.entries(parts).find(([, numbers]) => numbers.length === 0);
  if (!empty) return;
  throw new RagtuiError(
    'invalid',
    `The part "${empty[0]}" would be empty: no context fits into it whole.`,
    'Ask for more rows in it.',
  );
}

/** How many of `numbers` have a context that is, to the character, also one of `train`. */
function sharedRows(rows: readonly RowKeys[], train: readonly number[], numbers: readonly number[]): number {
  const known = new Set(train.map((at) => rows[at]?.text));
  return numbers.filter((at) => rows[at]?.text && known.has(rows[at].text)).length;
}

function writeSplitFile(dataset: Dataset<'qa'>, name: string, parts: SplitFile): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  const file = `${name}-${hash}.json`;
  writeJsonAtomic(path.join(dataset.folder, SPLITS_FOLDER, file), parts);
  return file;
}

/** A split of the same name is replaced; its file stays for those who noted it. */
function keepSplit(
  paths: WorkspacePaths,
  { name, slug, version }: DatasetManifest,
  split: Split,
  signal: AbortSignal | undefined,
): Promise<void> {
  return changeDataset(paths, slug, signal, (before) => {
    if (!before) throw new RagtuiError('not-found', `The dataset "${name}" is gone.`, 'See "ragtui dataset list".');
    const versions = before.versions.map((one) =>
      one.version === version
        ? { ...one, splits: [...one.splits.filter((other) => other.name !== split.name), split] }
        : one,
    );
    return { after: { ...before, versions }, result: undefined };
  });
}
