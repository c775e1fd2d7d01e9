/** What an ingest does, in the order of a document's way. */
export const STAGES = ['walk', 'compare', 'read', 'split', 'store', 'room', 'embed', 'vectors', 'publish'] as const;
export type Stage = (typeof STAGES)[number];

/**
 * Seconds that were spent in each stage. Several files and batches are on their way at once, so that the sum is more
 * than what passed; `room` is what readers waited until texts before theirs were embedded.
 */
export class StageTimes {
  readonly #seconds = new Map<Stage, number>();

  async during<T>(stage: Stage, work: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work;
    } finally {
      this.add(stage, started);
    }
  }

  /** What `items` takes to give one after another, without what is done with them. */
  async *each<T>(stage: Stage, items: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.during(stage, iterator.next());
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** `started`: of `performance.now()`. */
  add(stage: Stage, started: number): void {
    this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + (performance.now() - started) / 1000);
  }

  /** In the order of `STAGES`, those that were met. */
  report(): Record<string, number> {
    return Object.fromEntries(
      STAGES.flatMap((stage) => {
        const seconds = this.#seconds.get(stage);
        return seconds === undefined ? [] : [[stage, Math.round(seconds * 1000) / 1000]];
      }),
    );
  }
}
