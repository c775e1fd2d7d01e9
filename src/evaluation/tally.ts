import type { Progress } from '../jobs/types.ts';
import { stateOf } from './item-state.ts';
import { findMetric } from './metrics/registry.ts';
import type { Metric } from './metrics/types.ts';
import { countedScore } from './table.ts';
import type { ItemResult, ItemState } from './types.ts';

/** How a run is worked on at this moment. */
export interface Working {
  /** Items in work. */
  readonly inWork: number;
  /** Items that may be in work at once. */
  readonly places: number;
  /** Milliseconds since 1970; null: not paused. */
  readonly pausedSince: number | null;
}

interface ColumnScores {
  sum: number;
  count: number;
  /** Of each context: sum and number of its scores, for an interval that knows of clusters … */
  readonly clusters: Map<string, { sum: number; count: number }>;
  /** … and what the interval takes of them: sums over contexts of sum², sum × number, number². */
  squares: number;
  products: number;
  sizes: number;
}

const Z = 1.96;

/** Counts a run's items for its progress. Pure but for what it remembers; times in milliseconds. */
export class RunTally {
  readonly #total: number;
  readonly #primary: Metric;
  #startedAt: number;
  #pausedAt: number | undefined;
  #done = 0;
  /** Results that took work just now. */
  #fresh = 0;
  /** All results of questions with a fresh one: those that come with it for nothing will do so for the others too. */
  #paced = 0;
  readonly #questions = new Map<string, { results: number; worked: boolean }>();
  readonly #states = new Map<ItemState, number>();
  #tokens = 0;
  readonly #scores = new Map<string, ColumnScores>();

  constructor(total: number, primary: string, startedAt: number) {
    this.#total = total;
    this.#primary = findMetric(primary);
    this.#startedAt = startedAt;
  }

  /**
   * Counts a finished item (`done`: an earlier run had done it, or this one before it was resumed; `instead`: the failure
   * that it was tried again for); gives its column's mean of the primary metric so far (an interim figure), if it has one.
   */
  add(
    item: ItemResult,
    { done, now, instead }: { done: boolean; now: number; instead?: ItemResult | undefined },
  ): { step: number; mean: number } | undefined {
    if (instead) this.#count(instead, -1);
    else {
      this.#done += 1;
      this.#pace(item, done, now);
    }
    this.#count(item, 1);
    const scores = this.#scores.get(item.column);
    return scores && this.#scoreOf(item) !== undefined
      ? { step: scores.count, mean: scores.sum / scores.count }
      : undefined;
  }

  #scoreOf(item: ItemResult): number | undefined {
    return countedScore(item, this.#primary);
  }

  #count(item: ItemResult, by: 1 | -1): void {
    const state = stateOf(item);
    this.#states.set(state, (this.#states.get(state) ?? 0) + by);
    const score = this.#scoreOf(item);
    if (score === undefined) return;
    const column = this.#scores.get(item.column) ?? newColumn();
    this.#scores.set(item.column, column);
    const cluster = column.clusters.get(item.contextId) ?? { sum: 0, count: 0 };
    column.clusters.set(item.contextId, cluster);
    takeIn(column, cluster, -1);
    for (const one of [column, cluster]) {
      one.sum += by * score;
      one.count += by;
    }
    takeIn(column, cluster, 1);
  }

  // What an earlier run had done says nothing about the speed, nor does the time it took to find that out.
  #pace(item: ItemResult, done: boolean, now: number): void {
    const question = this.#questions.get(item.item) ?? { results: 0, worked: false };
    this.#questions.set(item.item, question);
    question.results += 1;
    if (!done) {
      this.#fresh += 1;
      this.#tokens += item.usage?.completionTokens ?? 0;
    }
    if (question.worked) this.#paced += 1;
    else if (!done) {
      question.worked = true;
      this.#paced += question.results;
    } else if (this.#paced === 0) this.#startedAt = now;
  }

  /** The time from here to `goesOn` says nothing about the speed. */
  pauses(now: number): void {
    this.#pausedAt ??= now;
  }

  goesOn(now: number): void {
    if (this.#pausedAt !== undefined) this.#startedAt += now - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  progress(now: number, { inWork, places, pausedSince }: Working): Progress {
    const seconds = ((this.#pausedAt ?? now) - this.#startedAt) / 1000;
    const rate = this.#paced > 0 && seconds > 0 ? this.#paced / seconds : null;
    const paused = pausedSince !== null;
    const count = (state: ItemState) => this.#states.get(state) ?? 0;
    return {
      phase:
        this.#done >= this.#total && inWork === 0 ? 'done' : paused ? (inWork > 0 ? 'pausing' : 'paused') : 'answering',
      done: this.#done,
      total: this.#total,
      unit: 'items',
      rate: paused ? null : rate,
      secondsLeft: rate && !paused ? (this.#total - this.#done) / rate : null,
      details: {
        errors: count('error'),
        timeouts: count('timeout'),
        refused: count('refused'),
        empty: count('empty'),
        reused: this.#done - this.#fresh,
        inWork,
        places,
        ...(paused ? { pausedSince } : {}),
        'tokens/s': seconds > 0 ? this.#tokens / seconds : 0,
        ...Object.fromEntries([...this.#scores].flatMap(([column, scores]) => this.#interim(column, scores))),
      },
    };
  }

  /** A column's mean so far, and half of its 95 % interval (normal, by contexts) once two contexts are there. */
  #interim(column: string, { sum, count, clusters, squares, products, sizes }: ColumnScores): [string, number][] {
    if (count === 0) return [];
    const mean = sum / count;
    const name = `${column} ${this.#primary.name}`;
    const n = clusters.size;
    if (n < 2) return [[name, mean]];
    // The ratio estimator's variance: the sum over contexts of (sum − mean × number)².
    const spread = Math.max(0, squares - 2 * mean * products + mean ** 2 * sizes);
    return [
      [name, mean],
      [`${name} ±`, (Z * Math.sqrt((spread * n) / (n - 1))) / count],
    ];
  }
}

const newColumn = (): ColumnScores => ({ sum: 0, count: 0, clusters: new Map(), squares: 0, products: 0, sizes: 0 });

function takeIn(column: ColumnScores, { sum, count }: { sum: number; count: number }, by: 1 | -1): void {
  column.squares += by * sum ** 2;
  column.products += by * sum * count;
  column.sizes += by * count ** 2;
}
