import type { Capsule } from './capsule.ts';
import { forgettingNotes } from './forgetting.ts';
import type { ItemFacts } from './item-facts.ts';
import { isFailure, stateOf } from './item-state.ts';
import { judgeNotes } from './judge/notes.ts';
import type { JudgeCapsule } from './judge/types.ts';
import { type MatrixReport, matrixReport } from './matrix/effects.ts';
import { isTaken, type Metric } from './metrics/types.ts';
import { notesOn, promptNotes, type RunNote } from './notes.ts';
import type { Published } from './published.ts';
import type { EvaluationRun } from './runs.ts';
import { holm } from './statistics/closed-forms.ts';
import { compare, type Difference, isTold, type Summary, summarise, verdictSentence } from './statistics/compare.ts';
import { type Stratum, strataOf } from './strata.ts';
import { type ColumnTable, columnsOf, metricsOf, pairedScores, scoresOf } from './table.ts';
import type { Evaluation } from './types.ts';

export interface ColumnReport {
  readonly name: string;
  readonly baseline: boolean;
  readonly items: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Answers that say they cannot answer, or that a filter cut. */
  readonly refused: number;
  readonly empty: number;
  /** Answers cut at their longest length. */
  readonly cutShort: number;
  readonly reused: number;
  readonly metrics: Readonly<Record<string, Summary>>;
  /** By metric of a judge: answers that it gave no readable judgement of. They are in no mean. */
  readonly missing: Readonly<Record<string, number>>;
  readonly completionTokens: number;
  readonly medianFirstTokenMs: number | null;
  readonly medianRetrievalMs: number | null;
}

export interface MetricDifference extends Difference {
  /** p adjusted over the secondary metrics, speed and cost apart from the others; null for the primary one, which was chosen before. */
  readonly pHolm: number | null;
  readonly sentence: string;
}

export interface DifferenceReport {
  readonly column: string;
  readonly against: string;
  readonly metrics: Readonly<Record<string, MetricDifference>>;
}

/** A run in figures: what `eval show --json` prints. */
export interface RunReport {
  readonly run: {
    readonly id: string;
    readonly state: string;
    /** Questions that every column has answered so far. */
    readonly items: number;
    readonly errors: number;
    /** True until the run has succeeded: figures may still change. */
    readonly interim: boolean;
    readonly startedAt: string | null;
    readonly endedAt: string | null;
    readonly evaluation: Evaluation;
    readonly capsule: Capsule | null;
    /** Who judged answers, during the run or afterwards. */
    readonly judges: readonly JudgeCapsule[];
  };
  readonly primary: string;
  /** Of the first column, for scripts that have only one. */
  readonly metrics: Readonly<Record<string, Summary>>;
  readonly columns: readonly ColumnReport[];
  /** Every other column against the first. */
  readonly differences: readonly DifferenceReport[];
  /** What LLM, embedder and context do on average, where the columns cross them; null where they do not. */
  readonly matrix: MatrixReport | null;
  /** The primary metric on parts of the questions; the columns that were asked only. */
  readonly strata: readonly Stratum[];
  /** Where figures would mislead. */
  readonly notes: readonly RunNote[];
  readonly published: readonly Published[];
}

/** All figures of a run, from its finished items. Seeded: the same items give the same figures. Pure. */
export function buildReport(run: EvaluationRun, published: readonly Published[] = [], facts?: ItemFacts): RunReport {
  const { evaluation, view } = run;
  const metrics = metricsOf(evaluation);
  const tables = columnsOf(run);
  const columns = tables.map((table) => columnReport(table, metrics, run));
  const [first, ...others] = tables;
  const interim = view.state !== 'succeeded';
  const asked = columns.filter(({ baseline }) => !baseline);
  const differences = first
    ? others
        .map((other) => differenceReport(first, other, evaluation, interim))
        .filter((one) => Object.keys(one.metrics).length > 0)
    : [];
  return {
    run: {
      id: view.spec.id,
      state: view.state,
      items: Math.min(...asked.map(({ items }) => items)),
      errors: asked.reduce((sum, { errors, timeouts }) => sum + errors + timeouts, 0),
      interim,
      startedAt: view.startedAt,
      endedAt: view.endedAt,
      evaluation,
      capsule: run.capsule ?? null,
      judges: run.judges,
    },
    primary: evaluation.primary,
    metrics: columns[0]?.metrics ?? {},
    columns,
    differences,
    matrix: matrixReport(tables, evaluation, interim),
    strata: strataOf(
      tables.filter(({ baseline }) => !baseline),
      evaluation,
      facts,
      interim,
    ),
    notes: [
      ...forgettingNotes(evaluation, differences),
      ...promptNotes(evaluation),
      ...notesOn(tables, columns, metrics, facts),
      ...judgeNotes(run),
    ],
    published,
  };
}

function columnReport(
  table: ColumnTable,
  metrics: readonly Metric[],
  { evaluation: { seed }, judged }: EvaluationRun,
): ColumnReport {
  const items = [...table.items.values()];
  const count = (test: (item: (typeof items)[number]) => boolean) => items.filter(test).length;
  return {
    name: table.name,
    baseline: table.baseline,
    items: items.length,
    errors: count(({ state }) => state === 'error'),
    timeouts: count(({ state }) => state === 'timeout'),
    refused: count((item) => stateOf(item) === 'refused'),
    empty: count((item) => stateOf(item) === 'empty'),
    cutShort: count(({ finish }) => finish === 'length'),
    reused: count(({ reusedFrom }) => reusedFrom !== undefined),
    metrics: Object.fromEntries(
      metrics.flatMap((metric) => {
        const scores = scoresOf(table, metric);
        return scores ? [[metric.name, summarise(scores, { binary: metric.binary, seed })]] : [];
      }),
    ),
    missing: Object.fromEntries(
      judged.flatMap(({ metric, column, unparseable, failed }) =>
        column === table.name && unparseable + failed > 0 ? [[metric, unparseable + failed]] : [],
      ),
    ),
    completionTokens: items.reduce((sum, { usage }) => sum + (usage?.completionTokens ?? 0), 0),
    medianFirstTokenMs: median(items.filter((item) => !isFailure(item)).map(({ timing }) => timing.firstTokenMs)),
    medianRetrievalMs: median(items.map(({ timing }) => timing.retrievalMs)),
  };
}

function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)] ?? null;
}

/**
 * `b` against `a`, in every metric that both have. Also for columns of two runs. An interim run has no verdict, and a
 * secondary metric only one that holds after Holm.
 */
export function differenceReport(
  a: ColumnTable,
  b: ColumnTable,
  { metrics, primary, seed }: Pick<Evaluation, 'metrics' | 'primary' | 'seed'>,
  interim = false,
): DifferenceReport {
  const found = metricsOf({ metrics, primary }).flatMap((metric) => {
    const pairs = pairedScores(a, b, metric);
    if (!pairs) return [];
    return [{ metric, result: compare(pairs, { binary: metric.binary, direction: metric.direction, seed }) }];
  });
  const secondary = found.filter(({ metric }) => metric.name !== primary);
  // What answers take is another question than how good they are: each has its own family.
  const adjusted = new Map(
    [secondary.filter(({ metric }) => isTaken(metric)), secondary.filter(({ metric }) => !isTaken(metric))].flatMap(
      (family) => {
        const ps = holm(family.map(({ result }) => result.p));
        return family.map(({ metric }, at) => [metric.name, ps[at] ?? null] as const);
      },
    ),
  );
  return {
    column: b.name,
    against: a.name,
    metrics: Object.fromEntries(
      found.map(({ metric, result }) => {
        const pHolm = adjusted.get(metric.name) ?? null;
        const sentence = verdictSentence(metric.name, a.name, b.name, result, { unit: metric.unit, interim, pHolm });
        const verdict = interim || !isTold(pHolm) ? 'cannot tell' : result.verdict;
        return [metric.name, { ...result, verdict, pHolm, sentence }];
      }),
    ),
  };
}
