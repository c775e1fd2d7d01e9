import { isFailure } from '../item-state.ts';
import type { Evaluation, ItemResult } from '../types.ts';
import { byPlace, TIE } from './aggregate.ts';
import { judgeable } from './judge.ts';
import { type JudgeLayer, judgedOf } from './layer.ts';
import { isMissing, JUDGE_METRICS, type JudgeMetric, type Judgement } from './types.ts';

/** How a metric of a judge is called in figures. */
export const judgeMetricName = (metric: JudgeMetric, llm: string): string => `${metric}@${llm}`;

/** What a run's figures know of one metric of one judge and one column. */
export interface JudgedCount {
  /** As in figures: `faithfulness@JUDGE`. */
  readonly metric: string;
  readonly column: string;
  /** Answers with a score. */
  readonly scored: number;
  readonly unparseable: number;
  readonly failed: number;
  /** Answers nobody judged (yet). */
  readonly open: number;
  /** Of pairs asked in both orders: those in which one place was chosen twice. */
  readonly byPlace: { readonly first: number; readonly second: number; readonly asked: number };
}

export interface JudgedRun {
  readonly items: readonly ItemResult[];
  /** Metrics that the judges add. */
  readonly metrics: readonly string[];
  readonly counts: readonly JudgedCount[];
}

/** The items of a run with the scores of its judges. A judgement of another answer than the item's counts for nothing. Pure. */
export function withJudgements(
  evaluation: Evaluation,
  items: readonly ItemResult[],
  layers: readonly JudgeLayer[],
): JudgedRun {
  if (layers.length === 0) return { items, metrics: [], counts: [] };
  const scores = new Map<string, Record<string, number | null>>();
  const last = new Map(items.map((item) => [keyOf(item.column, item.item), item]));
  const counts: JudgedCount[] = [];
  const metrics: string[] = [];
  for (const { capsule, judgements } of layers) {
    const asked = JUDGE_METRICS.filter((metric) => judgements.some((one) => one.metric === metric));
    for (const metric of asked) {
      const name = judgeMetricName(metric, capsule.llm);
      metrics.push(name);
      const valid = new Map<string, Judgement>();
      for (const one of judgements.filter((judgement) => judgement.metric === metric)) {
        const item = last.get(keyOf(one.column, one.item));
        const base = last.get(keyOf(capsule.base, one.item));
        if (!item || one.of !== ofNow(metric, base, item)) continue;
        valid.set(keyOf(one.column, one.item), one);
        put(scores, keyOf(one.column, one.item), name, one.score);
        // What others are preferred to is, against itself, a tie.
        if (metric === 'preference' && base && one.score !== null) put(scores, keyOf(base.column, one.item), name, TIE);
      }
      for (const column of evaluation.columns) {
        if (!judgeable(metric, column) || (metric === 'preference' && column.name === capsule.base)) continue;
        const own = items.filter(
          (item) => item.column === column.name && last.get(keyOf(item.column, item.item)) === item,
        );
        counts.push(countOf(name, column.name, own, valid));
      }
    }
  }
  return {
    items: items.map((item) => {
      const judged = scores.get(keyOf(item.column, item.item));
      return judged && last.get(keyOf(item.column, item.item)) === item
        ? { ...item, scores: { ...item.scores, ...judged } }
        : item;
    }),
    metrics,
    counts,
  };
}

const keyOf = (column: string, item: string): string => `${column}\0${item}`;

function ofNow(metric: JudgeMetric, base: ItemResult | undefined, item: ItemResult): string {
  if (metric !== 'preference') return judgedOf(item);
  return base ? judgedOf(base, item) : '';
}

function put(
  scores: Map<string, Record<string, number | null>>,
  key: string,
  metric: string,
  score: number | null,
): void {
  const found = scores.get(key) ?? {};
  scores.set(key, found);
  found[metric] = score;
}

function countOf(
  metric: string,
  column: string,
  items: readonly ItemResult[],
  valid: ReadonlyMap<string, Judgement>,
): JudgedCount {
  const count = { scored: 0, unparseable: 0, failed: 0, open: 0, byPlace: { first: 0, second: 0, asked: 0 } };
  for (const item of items) {
    const judgement = valid.get(keyOf(column, item.item));
    if (!judgement) {
      if (!isFailure(item)) count.open += 1;
      continue;
    }
    if (judgement.state === 'scored') count.scored += 1;
    else if (isMissing(judgement)) count[judgement.state === 'failed' ? 'failed' : 'unparseable'] += 1;
    const { orders } = judgement.parts;
    if (!orders) continue;
    count.byPlace.asked += 1;
    const place = byPlace(orders);
    if (place) count.byPlace[place] += 1;
  }
  return { metric, column, ...count };
}
