import { isFailure } from './item-state.ts';
import { findMetric } from './metrics/registry.ts';
import type { Metric } from './metrics/types.ts';
import type { EvaluationRun } from './runs.ts';
import type { PairedScores, Scores } from './statistics/compare.ts';
import { BASELINE_NAMES, type ItemResult } from './types.ts';

/** The finished items of one column. */
export interface ColumnTable {
  readonly name: string;
  readonly baseline: boolean;
  /** One per question, by what pairs it with the same question of another column or run. */
  readonly items: ReadonlyMap<string, ItemResult>;
}

/** The columns of a run in their order, baselines last; a question that was tried again counts once. */
export function columnsOf(run: Pick<EvaluationRun, 'evaluation' | 'items'>): ColumnTable[] {
  const asked = run.evaluation.columns.map(({ name }) => ({ name, baseline: false }));
  const extra = BASELINE_NAMES.map((name) => ({ name, baseline: true }));
  return [...asked, ...extra]
    .map(({ name, baseline }) => ({
      name,
      baseline,
      items: byQuestion(run.items.filter((one) => one.column === name)),
    }))
    .filter(({ baseline, items }) => !baseline || items.size > 0);
}

function byQuestion(items: readonly ItemResult[]): Map<string, ItemResult> {
  // By row first: the last line of a row holds. Then by content, numbered where a dataset asks the same thing twice.
  const rows = new Map(items.map((item) => [item.item, item]));
  const seen = new Map<string, number>();
  // In the run's order, whatever ended first: figures that are drawn by a seed depend on it.
  const inOrder = [...rows.values()].sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  return new Map(
    inOrder.map((item) => {
      const count = (seen.get(item.content) ?? 0) + 1;
      seen.set(item.content, count);
      return [count === 1 ? item.content : `${item.content}~${count}`, item];
    }),
  );
}

/**
 * What an item counts for in a mean: its score; the worst one for an item that failed where the metric applies to the
 * column, so that the mean is over all items; undefined where the metric does not apply, or has no worst score (a metric of
 * one's own without that bound). An answer that did not come took nothing that could be measured.
 */
export function countedScore(item: Pick<ItemResult, 'state' | 'scores'>, metric: Metric): number | undefined {
  const score = item.scores[metric.name];
  if (score !== null && score !== undefined) return score;
  if (!isFailure(item) || metric.kind !== 'answer') return undefined;
  const [lowest, highest] = metric.range;
  const worst = metric.direction === 'lower' ? highest : lowest;
  return Number.isFinite(worst) ? worst : undefined;
}

/** Whether a metric says anything about a column: some item has a score, or all of them failed. */
function applies({ items }: ColumnTable, metric: Metric): boolean {
  const all = [...items.values()];
  return all.some(({ scores }) => typeof scores[metric.name] === 'number') || all.every(isFailure);
}

/** The scores of a column by one metric; undefined when it does not apply to it. */
export function scoresOf(column: ColumnTable, metric: Metric): Scores | undefined {
  if (!applies(column, metric)) return undefined;
  const values: number[] = [];
  const clusters: string[] = [];
  for (const item of column.items.values()) {
    const value = countedScore(item, metric);
    if (value === undefined) continue;
    values.push(value);
    clusters.push(item.contextId);
  }
  return values.length === 0 ? undefined : { values, clusters };
}

/** The scores of two columns on the questions that both have; undefined when there are none. */
export function pairedScores(a: ColumnTable, b: ColumnTable, metric: Metric): PairedScores | undefined {
  if (!applies(a, metric) || !applies(b, metric)) return undefined;
  const pairs: { a: number[]; b: number[]; clusters: string[] } = { a: [], b: [], clusters: [] };
  for (const [question, item] of a.items) {
    const other = b.items.get(question);
    const [x, y] = [countedScore(item, metric), other && countedScore(other, metric)];
    if (x === undefined || y === undefined) continue;
    pairs.a.push(x);
    pairs.b.push(y);
    pairs.clusters.push(item.contextId);
  }
  return pairs.a.length === 0 ? undefined : pairs;
}

/** The metrics of a run, the primary one first. */
export function metricsOf({ metrics, primary }: { metrics: readonly string[]; primary: string }): Metric[] {
  return [primary, ...metrics.filter((name) => name !== primary)].map(findMetric);
}
