/** Lets one at a time in, in the order they came; who is cancelled while waiting leaves the line. */
export class Turnstile {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Those inside or in line. */
  get load(): number {
    return this.#waiting;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let leave = () => {};
    this.#tail = new Promise((resolve) => {
      leave = resolve;
    });
    this.#waiting += 1;
    try {
      await abortable(before, signal);
      return await work();
    } finally {
      this.#waiting -= 1;
      // Whoever left the line early must not let the next one in before those ahead are through.
      void before.then(leave);
    }
  }
}

function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}
