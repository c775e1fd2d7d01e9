import { existsSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { writeJsonAtomic } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { checkDataset } from '../doctor/check.ts';
import type { Findings } from '../doctor/findings-file.ts';
import type { LeakCount } from '../doctor/types.ts';
import { applyFixes, type FixOptions } from '../fix.ts';
import { isHubSource } from '../hub.ts';
import { type ImportOptions, importDataset } from '../import.ts';
import { datasetSlug } from '../layout.ts';
import { splitDataset } from '../split.ts';
import { listDatasets, readManifest } from '../store.ts';
import type { DatasetKind, Split } from '../types.ts';
import { exportParts } from './export-parts.ts';
import type { Prepared, Target } from './types.ts';

/** Leaks whose training rows go, from the gravest on. */
const LEAKS = ['leak-id', 'leak-context', 'leak-question', 'leak-near-context', 'leak-run'];

type Phase = 'importing' | 'checking' | 'fixing' | 'splitting' | 'looking for leaks' | 'exporting';

export interface PrepareOptions {
  /** Whom for; default: all that this kind of rows is for. */
  readonly targets?: readonly Target[];
  readonly import?: Pick<ImportOptions, 'name' | 'format' | 'kind' | 'map' | 'hub'>;
  /** Rows, or a share below 1, of the parts `test` and `dev`. */
  readonly test?: number;
  readonly dev?: number;
  readonly seed?: number;
  /** Negatives for each question of the embedder's training rows. */
  readonly negatives?: number;
  /** Make the doctor's careful fixes (the default). */
  readonly fix?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { phase: Phase; done: number; total: number }) => void;
}

/**
 * From a source (a file, a folder, a dataset of the hub or of the workspace) to files that engines train on: import,
 * check, careful fixes, a split that keeps equal and nearly equal contexts together, training rows that leak into
 * another part dropped, negatives, export. Every step is one that can be made by itself, and leaves its version: the
 * same call again gives the same files. `folder` gets them and `SLUG-prepared.json`. Errors: those of the steps.
 */
export async function prepareDataset(
  paths: WorkspacePaths,
  source: string,
  folder: string,
  options: PrepareOptions = {},
): Promise<Prepared> {
  const { signal, targets } = options;
  const tell = (phase: Phase) => (done: number, total: number) => options.onProgress?.({ phase, done, total });
  const { name, imported } = await bring(paths, source, options, tell('importing'));
  const { kind } = readManifest(paths, name);
  const wanted = targetsFor(name, kind, targets);
  const first = await check(paths, name, 'all', signal, tell('checking'));
  const fixed = options.fix === false ? null : await fix(paths, name, {}, first, signal, tell('fixing'));
  tell('splitting')(0, 0);
  const split = await splitFor(paths, name, options);
  const clean = await dropLeaks(paths, name, split.name, signal, tell('looking for leaks'));
  const { version, splits } = readManifest(paths, name);
  const exported = await exportParts(paths, name, splits.find((one) => one.name === split.name) ?? split, folder, {
    targets: wanted,
    negatives: options.negatives,
    seed: options.seed,
    signal,
    onProgress: tell('exporting'),
  });
  const prepared: Prepared = {
    dataset: name,
    version,
    kind,
    imported,
    found: first.summary.severities,
    fixed,
    split: splits.find((one) => one.name === split.name) ?? split,
    leaksBefore: clean.before,
    leaksDropped: clean.dropped,
    leaks: [...clean.last.summary.leaks],
    left: clean.last.summary.severities,
    forecasts: [...clean.last.summary.forecasts],
    ...exported,
  };
  writeJsonAtomic(path.join(folder, `${datasetSlug(name)}-prepared.json`), prepared);
  return prepared;
}

async function bring(
  paths: WorkspacePaths,
  source: string,
  { import: wish = {}, signal }: PrepareOptions,
  onProgress: (done: number, total: number) => void,
): Promise<{ name: string; imported: Prepared['imported'] }> {
  if (!existsSync(source) && !isHubSource(source)) {
    const known = listDatasets(paths).map(({ name }) => name);
    if (!known.includes(source)) {
      const hint = `Name a file, a folder, hub:owner/name, or a dataset${known.length > 0 ? `: ${known.join(', ')}` : ''}.`;
      throw new RagtuiError('not-found', `There is neither a file nor a dataset "${source}".`, hint);
    }
    return { name: source, imported: null };
  }
  const { manifest, format, skipped, warnings } = await importDataset(paths, source, {
    ...wish,
    ...(signal ? { signal } : {}),
    onProgress: ({ bytes, total }) => onProgress(bytes, total),
  });
  return { name: manifest.name, imported: { format, rows: manifest.rows, skipped, warnings } };
}

const TARGETS: Readonly<Record<DatasetKind, readonly Target[]>> = {
  qa: ['llm', 'embedder'],
  sft: ['llm'],
  preference: ['llm'],
  retrieval: ['embedder'],
};

function targetsFor(name: string, kind: DatasetKind, wanted: readonly Target[] | undefined): readonly Target[] {
  const other = wanted?.find((target) => !TARGETS[kind].includes(target));
  if (other === undefined) return wanted ?? TARGETS[kind];
  throw new RagtuiError(
    'unsupported',
    `"${name}" holds ${kind} rows: nothing to train an ${other === 'llm' ? 'LLM' : other} on.`,
    `Prepare it for the ${TARGETS[kind].join(' and the ')}: --for ${TARGETS[kind].join(' --for ')}`,
  );
}

async function check(
  paths: WorkspacePaths,
  name: string,
  split: string,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<Findings> {
  const { findings } = await checkDataset(paths, name, {
    split,
    ...(signal ? { signal } : {}),
    onProgress: ({ done, total }) => onProgress(done, total),
  });
  return findings;
}

/** The fixes of the last check; nothing to fix is no error here. */
async function fix(
  paths: WorkspacePaths,
  name: string,
  filter: NonNullable<FixOptions['filter']>,
  findings: Findings,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<{ changed: number; dropped: number }> {
  const fixable = filter.rules === undefined ? 'careful' : true;
  if (findings.places({ ...filter, fixable }).length === 0) return { changed: 0, dropped: 0 };
  const { changed, dropped } = await applyFixes(paths, name, {
    filter,
    ...(signal ? { signal } : {}),
    onProgress: ({ done, total }) => onProgress(done, total),
  });
  return { changed, dropped };
}

/** The parts that the files named, where there are `train` and another; else a new split, nearly equal contexts together. */
async function splitFor(paths: WorkspacePaths, name: string, options: PrepareOptions): Promise<Split> {
  const { test, dev, seed, signal } = options;
  const given = readManifest(paths, name).splits.find(
    ({ method, parts }) => method === 'files' && parts.length > 1 && parts.some((part) => part.name === 'train'),
  );
  if (given && test === undefined && dev === undefined && seed === undefined) return given;
  const { split } = await splitDataset(paths, name, {
    method: 'context',
    group: 'near',
    name: 'prepared',
    ...(test === undefined ? {} : { test }),
    ...(dev === undefined ? {} : { dev }),
    ...(seed === undefined ? {} : { seed }),
    ...(signal ? { signal } : {}),
  });
  return split;
}

/** Drops training rows until none has anything in common with another part. */
async function dropLeaks(
  paths: WorkspacePaths,
  name: string,
  split: string,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<{ before: LeakCount[]; dropped: number; last: Findings }> {
  let last = await check(paths, name, split, signal, onProgress);
  const before = [...last.summary.leaks];
  let dropped = 0;
  // A finding names the training rows up to a bound; the others come up once these are gone. Every round drops some, so it ends.
  while (last.summary.leaks.some(({ dirty }) => dirty > 0)) {
    const gone = (await fix(paths, name, { rules: LEAKS }, last, signal, onProgress)).dropped;
    if (gone === 0) break;
    dropped += gone;
    last = await check(paths, name, split, signal, onProgress);
  }
  return { before, dropped, last };
}
