import { launchJob } from '../jobs/launcher.ts';
import { isOver, type JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { Capsule } from './capsule.ts';
import { isFailure } from './item-state.ts';
import { type EvaluationRun, readRun, workOf } from './runs.ts';
import { type Interval, wilson } from './statistics/closed-forms.ts';
import { type ColumnTable, columnsOf, metricsOf, pairedScores } from './table.ts';
import type { ItemResult } from './types.ts';

/** Something a run rested on that is not as it was: its name in the capsule, and its values as JSON. */
export interface CapsuleDifference {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** How far a column said the same again. */
export interface ColumnAgreement {
  readonly column: string;
  /** Questions that both runs have an answer to. */
  readonly items: number;
  /** Answered to the letter as before (a column without an LLM: the same chunks in the same order). */
  readonly same: number;
  /** Of `same` by `items`, with its 95 % Wilson interval; null without items. */
  readonly share: (Interval & { readonly mean: number }) | null;
  /** No answer came in one of the runs. */
  readonly failed: number;
  /** Means of both by metric on the questions of both; metrics that differ on no question are left out. */
  readonly metrics: Readonly<
    Record<string, { readonly before: number; readonly after: number; readonly items: number }>
  >;
  /** The first answers that differ. */
  readonly examples: readonly { readonly item: string; readonly before: string; readonly after: string }[];
}

export interface ReplayReport {
  readonly run: string;
  readonly replay: string;
  readonly capsule: readonly CapsuleDifference[];
  readonly columns: readonly ColumnAgreement[];
}

const EXAMPLES = 5;

/**
 * Does a run again, as a new job that takes over no answer: all of it, or a sample of its questions without baselines.
 * Errors: `not-found`, `busy` while the run goes on, those of `launchJob`.
 */
export function replayRun(paths: WorkspacePaths, id: string, options: { sample: number | null }): Promise<JobView> {
  const { view } = readRun(paths, id);
  const evaluation = workOf(view);
  const run = view.spec.id;
  if (!isOver(view.state)) throw new RagtuiError('busy', `${run} is ${view.state}.`, 'Wait until it is over.');
  const { sample } = options;
  const work = { ...evaluation, reuse: false };
  if (sample === null) return launchJob(paths, work, { name: `replay of ${run}` });
  // A smaller limit with the same seed is a part of a larger one.
  const limit = Math.min(sample, evaluation.limit ?? sample);
  return launchJob(paths, { ...work, limit, baselines: false, judge: undefined }, { name: `sample of ${run} again` });
}

/** What differs between a run and its replay. Errors: `not-found`, `usage`. */
export function compareReplay(paths: WorkspacePaths, id: string, replayId: string): ReplayReport {
  const [run, replay] = [readRun(paths, id), readRun(paths, replayId)];
  return {
    run: run.view.spec.id,
    replay: replay.view.spec.id,
    capsule: capsuleDifferences(run.capsule, replay.capsule),
    columns: agreements(run, replay),
  };
}

/** What the second capsule says otherwise than the first. Pure. */
export function capsuleDifferences(before: Capsule | undefined, after: Capsule | undefined): CapsuleDifference[] {
  const [a, b] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((what) => a.get(what) !== b.get(what))
    .map((what) => ({ what, before: a.get(what) ?? null, after: b.get(what) ?? null }));
}

/** The values of a nested object by their path; metrics by their name, not their place. */
function leavesOf(value: unknown, at = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null)
    return value === undefined ? new Map() : new Map([[at, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, one]: [string, unknown]) => {
      const name = Array.isArray(value) && hasName(one) ? one.name : key;
      return [...leavesOf(one, at === '' ? name : `${at}.${name}`)];
    }),
  );
}

const hasName = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';

/** How far the columns of two runs of the same questions agree; baselines are left out. Pure. */
export function agreements(run: EvaluationRun, replay: EvaluationRun): ColumnAgreement[] {
  const others = new Map(columnsOf(replay).map((table) => [table.name, table]));
  return columnsOf(run)
    .filter(({ baseline }) => !baseline)
    .flatMap((table) => {
      const other = others.get(table.name);
      return other ? [agreementOf(table, other, run)] : [];
    });
}

function agreementOf(before: ColumnTable, after: ColumnTable, { evaluation }: EvaluationRun): ColumnAgreement {
  const both = [...before.items].flatMap(([question, a]) => {
    const b = after.items.get(question);
    return b ? [{ a, b }] : [];
  });
  const answered = both.filter(({ a, b }) => !isFailure(a) && !isFailure(b));
  const different = answered.filter(({ a, b }) => saidBy(a) !== saidBy(b));
  const same = answered.length - different.length;
  const mean = same / answered.length;
  return {
    column: before.name,
    items: answered.length,
    same,
    share: answered.length === 0 ? null : { mean, ...wilson(mean, answered.length) },
    failed: both.length - answered.length,
    metrics: Object.fromEntries(
      metricsOf(evaluation).flatMap((metric) => {
        // No two runs take the same time to the millisecond.
        const pairs = metric.kind === 'speed' ? undefined : pairedScores(before, after, metric);
        if (!pairs || pairs.a.every((value, i) => value === pairs.b[i])) return [];
        return [[metric.name, { before: meanOf(pairs.a), after: meanOf(pairs.b), items: pairs.a.length }]];
      }),
    ),
    examples: different.slice(0, EXAMPLES).map(({ a, b }) => ({ item: a.item, before: saidBy(a), after: saidBy(b) })),
  };
}

/** What a column said: its answer, else what it found. */
const saidBy = ({ output, retrieved }: ItemResult): string =>
  output ?? JSON.stringify(retrieved?.map(({ document, text }) => [document, text]) ?? null);

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
