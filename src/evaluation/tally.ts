import type { Progress } from '../jobs/types.ts';
import type { ItemResult } from './types.ts';

/** Counts a run's items for its progress. Pure but for what it remembers; times in milliseconds. */
export class RunTally {
  readonly #total: number;
  readonly #primary: string;
  readonly #startedAt: number;
  #done = 0;
  #fresh = 0;
  #errors = 0;
  #tokens = 0;
  readonly #scores = new Map<string, { sum: number; count: number }>();

  constructor(total: number, primary: string, startedAt: number) {
    this.#total = total;
    this.#primary = primary;
    this.#startedAt = startedAt;
  }

  /** Counts a finished item; gives its column's mean of the primary metric so far (an interim figure), if it has one. */
  add(item: ItemResult): { step: number; mean: number } | undefined {
    this.#done += 1;
    if (item.reusedFrom === undefined) {
      this.#fresh += 1;
      this.#tokens += item.usage?.completionTokens ?? 0;
    }
    const failed = item.state === 'error' || item.state === 'timeout';
    if (failed) this.#errors += 1;
    const score = failed ? 0 : item.scores[this.#primary];
    if (score === null || score === undefined) return undefined;
    const { sum, count } = this.#scores.get(item.column) ?? { sum: 0, count: 0 };
    const next = { sum: sum + score, count: count + 1 };
    this.#scores.set(item.column, next);
    return { step: next.count, mean: next.sum / next.count };
  }

  progress(now: number): Progress {
    const seconds = (now - this.#startedAt) / 1000;
    // What an earlier run had done says nothing about the speed.
    const rate = this.#fresh > 0 && seconds > 0 ? this.#fresh / seconds : null;
    const scores = [...this.#scores].map(([column, { sum, count }]) => [`${column} ${this.#primary}`, sum / count]);
    return {
      phase: this.#done < this.#total ? 'answering' : 'done',
      done: this.#done,
      total: this.#total,
      unit: 'items',
      rate,
      secondsLeft: rate ? (this.#total - this.#done) / rate : null,
      details: {
        errors: this.#errors,
        reused: this.#done - this.#fresh,
        'tokens/s': seconds > 0 ? this.#tokens / seconds : 0,
        ...Object.fromEntries(scores),
      },
    };
  }
}
