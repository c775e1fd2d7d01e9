import type { Progress } from '../jobs/types.ts';
import type { ItemResult } from './types.ts';

/** Counts a run's items for its progress. Pure but for what it remembers; times in milliseconds. */
export class RunTally {
  readonly #total: number;
  readonly #primary: string;
  #startedAt: number;
  #done = 0;
  /** Results that took work just now. */
  #fresh = 0;
  /** All results of questions with a fresh one: those that come with it for nothing will do so for the others too. */
  #paced = 0;
  readonly #questions = new Map<string, { results: number; worked: boolean }>();
  #errors = 0;
  #tokens = 0;
  readonly #scores = new Map<string, { sum: number; count: number }>();

  constructor(total: number, primary: string, startedAt: number) {
    this.#total = total;
    this.#primary = primary;
    this.#startedAt = startedAt;
  }

  /**
   * Counts a finished item (`done`: an earlier run had done it, or this one before it was resumed); gives its column's
   * mean of the primary metric so far (an interim figure), if it has one.
   */
  add(item: ItemResult, { done, now }: { done: boolean; now: number }): { step: number; mean: number } | undefined {
    this.#done += 1;
    this.#pace(item, done, now);
    const failed = item.state === 'error' || item.state === 'timeout';
    if (failed) this.#errors += 1;
    const score = failed ? 0 : item.scores[this.#primary];
    if (score === null || score === undefined) return undefined;
    const { sum, count } = this.#scores.get(item.column) ?? { sum: 0, count: 0 };
    const next = { sum: sum + score, count: count + 1 };
    this.#scores.set(item.column, next);
    return { step: next.count, mean: next.sum / next.count };
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

  progress(now: number): Progress {
    const seconds = (now - this.#startedAt) / 1000;
    const rate = this.#paced > 0 && seconds > 0 ? this.#paced / seconds : null;
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
