import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { wilson } from '../../evaluation/statistics/closed-forms.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { readLines } from '../../platform/line-log.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { datasetFolder } from '../layout.ts';
import { RowsToPublish, sourceOf } from '../making/publish.ts';
import { NumpyRng } from '../numpy-rng.ts';
import { type Dataset, openDataset } from '../open.ts';
import type { DatasetManifest } from '../types.ts';
import { MINING_FILE, type Mined, minedSchema, QUARANTINE_FILE, type Quarantined, quarantinedSchema } from './types.ts';

export const DEFAULT_REVIEW = 50;

export const labelSchema = z.enum(['negative', 'false-negative', 'unsure']);
export type ReviewLabel = z.infer<typeof labelSchema>;

const recordSchema = z.object({
  row: z.number().int().nonnegative(),
  negative: z.number().int().nonnegative(),
  label: labelSchema,
  at: z.string(),
});

/** One negative for a person to judge. */
export interface ReviewItem {
  readonly row: number;
  /** Its place among the row's negatives, from 0. */
  readonly negative: number;
  readonly query: string;
  readonly positive: string;
  readonly text: string;
  /** Where it came from, when the dataset was mined by us. */
  readonly origin: Mined['negatives'][number] | null;
  /** What it was labelled, if it was. */
  readonly label: ReviewLabel | null;
}

/** How many of all negatives are false, as the labels say. */
export interface ReviewEstimate {
  readonly negatives: number;
  readonly labelled: number;
  readonly falseNegatives: number;
  /** Labelled as neither: they count for nothing. */
  readonly unsure: number;
  /** Null before the first label. */
  readonly share: number | null;
  /** 95 %, Wilson; narrower for a sample that is a large part of all, as a finite population has it. */
  readonly low: number;
  readonly high: number;
}

/** A retrieval dataset by name. Errors: `unsupported` for other kinds, `not-found`. */
function openRetrieval(paths: WorkspacePaths, name: string, version?: string): Dataset<'retrieval'> {
  const dataset = openDataset(paths, name, version === undefined ? {} : { version });
  if (dataset.kind === 'retrieval') return dataset;
  throw new RagtuiError(
    'unsupported',
    `The dataset "${dataset.manifest.name}" holds ${dataset.kind} rows, which have no negatives to review.`,
    'Make negatives first: ragtui dataset negatives NAME.',
  );
}

/**
 * A sample of all negatives of a dataset, every one as likely as another; a smaller sample of the same seed is the
 * beginning of a larger one. Reads no more rows than it shows after a count of the negatives.
 */
export async function sampleForReview(
  paths: WorkspacePaths,
  name: string,
  options: { readonly size?: number; readonly seed: number; readonly version?: string },
): Promise<ReviewItem[]> {
  const dataset = openRetrieval(paths, name, options.version);
  const starts = await startsOf(dataset);
  const total = starts.at(-1) ?? 0;
  const size = Math.min(options.size ?? DEFAULT_REVIEW, total);
  const rng = new NumpyRng(options.seed);
  const drawn = new Set<number>();
  while (drawn.size < size) drawn.add(rng.upTo(total - 1));
  const labels = readLabels(paths, dataset.manifest);
  const origins = readMining(dataset);
  return [...drawn].map((place) => {
    const row = rowAt(starts, place);
    const negative = place - (starts[row] ?? 0);
    const { query, pos, neg } = dataset.row(row);
    return {
      row,
      negative,
      query,
      positive: pos[0] ?? '',
      text: neg[negative] ?? '',
      origin: origins.get(row)?.negatives[negative] ?? null,
      label: labels.get(keyOf(row, negative)) ?? null,
    };
  });
}

/** Place of each row's first negative among all, and at the end how many there are. */
async function startsOf(dataset: Dataset<'retrieval'>): Promise<number[]> {
  const starts = [0];
  let total = 0;
  for await (const { neg } of dataset.rows()) {
    total += neg.length;
    starts.push(total);
  }
  return starts;
}

/** The row that a place among all negatives is in: the last one that starts at or before it. */
function rowAt(starts: readonly number[], place: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle;
  }
  return low;
}

/** Keeps what a person says of one negative; the last word on it counts. Errors: `not-found` for no such negative. */
export function recordLabel(
  paths: WorkspacePaths,
  name: string,
  { row, negative, label }: { readonly row: number; readonly negative: number; readonly label: ReviewLabel },
  version?: string,
): void {
  const dataset = openRetrieval(paths, name, version);
  if (dataset.row(row).neg[negative] === undefined) {
    throw new RagtuiError('not-found', `Row ${row} of ${name} has no negative ${negative}.`, 'They count from 0.');
  }
  const file = labelsFile(paths, dataset.manifest);
  const line = JSON.stringify({ row, negative, label, at: new Date().toISOString() });
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    // A line feed before it, too: a line that was cut by a kill does not swallow this one.
    appendFileSync(file, `\n${line}\n`, { mode: 0o600, flush: true });
  } catch (error) {
    throw toRagtuiError(error);
  }
}

/**
 * The share of false negatives by the labels. With n of N negatives labelled, the interval is Wilson's for
 * n (N − 1) / (N − n) labels: sampling without replacement from a finite population (Cochran, Sampling Techniques, §3.3).
 */
export async function estimateFalseNegatives(
  paths: WorkspacePaths,
  name: string,
  version?: string,
): Promise<ReviewEstimate> {
  const dataset = openRetrieval(paths, name, version);
  const negatives = (await startsOf(dataset)).at(-1) ?? 0;
  const labels = [...readLabels(paths, dataset.manifest).values()];
  const unsure = labels.filter((label) => label === 'unsure').length;
  const labelled = labels.length - unsure;
  const falseNegatives = labels.filter((label) => label === 'false-negative').length;
  return { negatives, labelled, falseNegatives, unsure, ...shareOf(falseNegatives, labelled, negatives) };
}

/** `found` of `n` drawn from `all`, with its interval. */
export function shareOf(
  found: number,
  n: number,
  all: number,
): { readonly share: number | null; readonly low: number; readonly high: number } {
  if (n === 0) return { share: null, low: 0, high: 1 };
  const share = found / n;
  if (n >= all) return { share, low: share, high: share };
  return { share, ...wilson(share, (n * (all - 1)) / (all - n)) };
}

/**
 * A version of the dataset without the negatives that were labelled false; rows left without one go too. The labels
 * stay with the version they were given for. Errors: `invalid` when nothing was labelled so.
 */
export async function dropFalseNegatives(
  paths: WorkspacePaths,
  name: string,
  signal: AbortSignal,
): Promise<{ manifest: DatasetManifest; dropped: number; rows: number }> {
  const dataset = openRetrieval(paths, name);
  const labels = readLabels(paths, dataset.manifest);
  const dropped = [...labels.values()].filter((label) => label === 'false-negative').length;
  if (dropped === 0) {
    throw new RagtuiError('invalid', 'No negative is labelled as false.', 'Review a sample first.');
  }
  const origins = readMining(dataset);
  const mined: Mined[] = [];
  const step = { name: 'review', parameters: { dropped, labelled: labels.size } };
  const { name: as } = dataset.manifest;
  const out = new RowsToPublish(paths, { as, kind: 'retrieval', ...sourceOf(dataset.manifest), step, signal });
  try {
    let row = 0;
    for await (const one of dataset.rows()) {
      const kept = one.neg.map((_, at) => at).filter((at) => labels.get(keyOf(row, at)) !== 'false-negative');
      const origin = origins.get(row);
      if (kept.length > 0) {
        if (origin) {
          const negatives = kept.flatMap((at) => origin.negatives[at] ?? []);
          mined.push({ ...origin, row: out.rows, negatives });
        }
        out.add({ ...one, neg: kept.map((at) => one.neg[at] ?? '') });
      }
      row += 1;
    }
    const { manifest } = await out.publish({ [MINING_FILE]: mined }, 'every negative was labelled as false.');
    return { manifest, dropped, rows: manifest.rows };
  } finally {
    out.discard();
  }
}

const keyOf = (row: number, negative: number): string => `${row}.${negative}`;

/** Outside the version's folder, which never changes. */
const labelsFile = (paths: WorkspacePaths, { slug, version }: DatasetManifest): string =>
  path.join(datasetFolder(paths, slug), 'reviews', `${version}.jsonl`);

function readLabels(paths: WorkspacePaths, manifest: DatasetManifest): Map<string, ReviewLabel> {
  const found = readLines(labelsFile(paths, manifest), recordSchema);
  return new Map(found.map(({ row, negative, label }) => [keyOf(row, negative), label]));
}

function readMining(dataset: Dataset<'retrieval'>): Map<number, Mined> {
  const lines = readLines(path.join(dataset.folder, MINING_FILE), minedSchema);
  return new Map(lines.map((line) => [line.row, line]));
}

/** What an audit has set apart from a dataset: counts by rule, and one page. Nothing for one that was not mined by us. */
export function readQuarantine(
  paths: WorkspacePaths,
  name: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): { total: number; byRule: Record<string, number>; entries: Quarantined[] } {
  const all = readLines(path.join(openRetrieval(paths, name).folder, QUARANTINE_FILE), quarantinedSchema);
  const byRule: Record<string, number> = {};
  for (const { rule } of all.flatMap(({ reasons }) => reasons)) byRule[rule] = (byRule[rule] ?? 0) + 1;
  return { total: all.length, byRule, entries: all.slice(offset, offset + limit) };
}
