import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { datasetSlug } from './layout.ts';
import { NumpyRng } from './numpy-rng.ts';
import { openDataset } from './open.ts';
import { assignStratified, assignUnits, type Sizes } from './splits/assign.ts';
import { keepSplits, sharedRows, splitFileName, writeSplitFile } from './splits/keep.ts';
import { type SplitRow, splitRows } from './splits/rows.ts';
import { STRATA, type Stratum, stratumNamed } from './splits/strata.ts';
import { usersOf } from './splits/users.ts';
import { readManifest } from './store.ts';
import type { DatasetManifest, Split, SplitFile, SplitMethod } from './types.ts';

/** Seed of the tutorial, and ours where none is named. */
export const DEFAULT_SEED = 1314;
const TUTORIAL_SHARE = 0.1;
const GROUPS = ['context', 'near', 'none'] as const;

export interface SplitOptions {
  readonly method: SplitMethod;
  /** Default: the method's. */
  readonly name?: string;
  readonly seed?: number;
  /** Rows (a whole number) or a share below 1; a tenth by default. The tutorial's split is always a tenth. */
  readonly test?: number;
  /** The same for a third part `dev`; none by default. */
  readonly dev?: number;
  /**
   * What stays in one part: rows of one `context` (the default but for `random`), of nearly equal ones too (`near`), or
   * of one value of a metadata field (`field:title`).
   */
  readonly group?: string;
  /** Of `stratified`: what the parts have in the same shares (`answer-type` by default, `field:NAME` …). */
  readonly by?: string;
  readonly signal?: AbortSignal;
}

/**
 * Cuts the current version of a dataset into parts and keeps that. `context`: no context is in two parts. `random`: by
 * rows. `stratified`: contexts whole, and the same shares of something in all parts. In these incomplete rows are in no
 * part. `tutorial`: all rows shuffled as numpy's `default_rng(seed)` does, the first tenth is the test part, in that
 * order (design §7). Errors: `usage`, `invalid` when a part would be empty, `busy` when a training or an evaluation
 * used a split of that name with other rows.
 */
export async function splitDataset(
  paths: WorkspacePaths,
  name: string,
  options: SplitOptions,
): Promise<{ manifest: DatasetManifest; split: Split }> {
  const dataset = openDataset(paths, name);
  const { manifest } = dataset;
  const { method, seed = DEFAULT_SEED } = options;
  const splitName = datasetSlug(options.name ?? method);
  const group = groupOf(options);
  const by = stratumOf(options);
  const rows = await splitRows(dataset, group, by);
  checkFields(manifest, rows, group, by);
  const sizes = sizesOf(options, rows.filter((row) => row.complete).length);
  const parts = assign(method, rows, seed, sizes);
  checkParts(parts, group);
  checkUnused(paths, manifest, splitName, splitFileName(splitName, parts));
  const split: Split = {
    name: splitName,
    method,
    seed,
    parameters: method === 'tutorial' ? { test: TUTORIAL_SHARE } : { ...sizes },
    ...(group === 'none' ? {} : { group }),
    ...(by === undefined ? {} : { by, strata: strataOf(rows, parts) }),
    parts: Object.entries(parts).map(([part, numbers]) => ({
      name: part,
      rows: numbers.length,
      sharedWithTrain: part === 'train' ? 0 : sharedRows((at) => rows[at]?.text ?? '', parts['train'] ?? [], numbers),
    })),
    file: writeSplitFile(dataset.folder, splitName, parts),
    createdAt: new Date().toISOString(),
  };
  await keepSplits(paths, manifest, [split], options.signal);
  return { manifest: readManifest(paths, name, manifest.version), split };
}

/** Why a split is made as it is, in a sentence for a person. */
export function splitReason({ method, group }: Pick<Split, 'method' | 'group'>): string {
  if (method === 'files') return 'The parts that the imported files named.';
  if (method === 'tutorial')
    return "The tutorial's very rows, so that numbers compare with its own; contexts are in both parts.";
  if (group === undefined)
    return 'Rows by chance: a context may be in two parts, and what is trained on is then tested.';
  if (group === 'near')
    return 'Rows with the same context, or nearly the same, stay in one part: no text is trained on and tested.';
  if (group === 'context') return 'Rows with the same context stay in one part: no text is trained on and tested.';
  return `Rows with the same ${group.slice('field:'.length)}, and the same context, stay in one part: none is trained on and tested.`;
}

function assign(method: SplitMethod, rows: readonly SplitRow[], seed: number, sizes: Sizes): SplitFile {
  if (method === 'tutorial') return tutorialParts(rows.length, seed);
  return method === 'stratified' ? assignStratified(rows, seed, sizes) : assignUnits(rows, seed, sizes);
}

function groupOf({ method, group }: SplitOptions): string {
  const fixed = method === 'random' || method === 'tutorial';
  if (group === undefined) return fixed ? 'none' : 'context';
  const known = GROUPS.some((one) => one === group) || /^field:./.test(group);
  if (!known)
    throw new RagtuiError('usage', `"${group}" is nothing to group by.`, `Use ${GROUPS.join(', ')} or field:NAME.`);
  if (fixed && group !== 'none') {
    throw new RagtuiError('usage', `A ${method} split does not group rows.`, 'Split by context, or stratified.');
  }
  if (method === 'context' && group === 'none') {
    throw new RagtuiError('usage', 'A split by context keeps contexts together.', 'Split by random to part them.');
  }
  return group;
}

function stratumOf({ method, by }: SplitOptions): Stratum | undefined {
  if (method !== 'stratified') {
    if (by === undefined) return undefined;
    throw new RagtuiError('usage', `A ${method} split has no strata.`, 'Split by stratified.');
  }
  const found = stratumNamed(by ?? 'answer-type');
  if (found !== undefined) return found;
  throw new RagtuiError('usage', `"${by}" is nothing to stratify by.`, `Use ${STRATA.join(', ')} or field:NAME.`);
}

function checkFields(
  manifest: DatasetManifest,
  rows: readonly SplitRow[],
  group: string,
  by: string | undefined,
): void {
  const missing = [
    ...(group.startsWith('field:') && !rows.some(({ keys }) => keys.some((key) => key.startsWith('field ')))
      ? [group]
      : []),
    ...(by?.startsWith('field:') && rows.every(({ stratum }) => stratum === 'none') ? [by] : []),
  ];
  if (missing.length === 0) return;
  const [first = ''] = missing;
  throw new RagtuiError(
    'usage',
    `No row of "${manifest.name}" has the metadata field "${first.slice('field:'.length)}".`,
    `See a row: ragtui dataset show ${manifest.name} --row 0`,
  );
}

/** The sizes asked for as numbers of rows. */
function sizesOf(options: SplitOptions, rows: number): Sizes {
  if (options.method === 'tutorial' && (options.test !== undefined || options.dev !== undefined)) {
    throw new RagtuiError(
      'usage',
      "The tutorial's split is always a tenth.",
      'Leave out the sizes, or split by context.',
    );
  }
  const sizes = { test: size('test', options.test ?? 0.1, rows), dev: size('dev', options.dev ?? 0, rows) };
  if (sizes.test + sizes.dev < rows) return sizes;
  throw new RagtuiError('usage', `Nothing of the ${rows} rows would be left to train on.`, 'Make test or dev smaller.');
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

function checkParts(parts: SplitFile, group: string): void {
  const empty = Object.entries(parts).find(([, numbers]) => numbers.length === 0);
  if (!empty) return;
  const unit = group === 'none' ? 'row' : group === 'context' ? 'context' : 'group';
  throw new RagtuiError(
    'invalid',
    `The part "${empty[0]}" would be empty: no ${unit} fits into it whole.`,
    'Ask for more rows in it.',
  );
}

/** Numbers of runs hang on the rows of their split: it is not made anew under them. The same rows again are fine. */
function checkUnused(paths: WorkspacePaths, manifest: DatasetManifest, name: string, file: string): void {
  const before = manifest.splits.find((one) => one.name === name);
  if (!before || before.file === file) return;
  const [first, ...more] = usersOf(paths, manifest, before);
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  throw new RagtuiError(
    'busy',
    `The split "${name}" is frozen: it was used by ${first}${others}, and would get other rows.`,
    `Give the new one a name of its own: --name ${name}-2`,
  );
}

function strataOf(rows: readonly SplitRow[], parts: SplitFile): NonNullable<Split['strata']> {
  const strata = new Map<string, Map<string, number>>();
  for (const [part, numbers] of Object.entries(parts)) {
    for (const number of numbers) {
      const stratum = rows[number]?.stratum ?? '';
      const counts = strata.get(stratum) ?? new Map<string, number>();
      counts.set(part, (counts.get(part) ?? 0) + 1);
      strata.set(stratum, counts);
    }
  }
  return Object.fromEntries([...strata].map(([stratum, counts]) => [stratum, Object.fromEntries(counts)]));
}
