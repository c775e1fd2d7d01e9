/** Node runs a timer that is longer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Aborts when nothing was heard for a while, or with the caller's signal. */
export class Watchdog {
  stalled = false;
  readonly signal: AbortSignal;
  /** What it waits for at present. */
  seconds: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #follow = () => this.#controller.abort(this.#outer?.reason);
  #timer: NodeJS.Timeout | undefined;

  /** `seconds` = until the first byte. */
  constructor(seconds: number, signal: AbortSignal | undefined) {
    this.seconds = seconds;
    this.#outer = signal;
    this.signal = this.#controller.signal;
    // Let go of in `stop`: a run's signal outlives thousands of requests.
    if (signal?.aborted) this.#follow();
    else signal?.addEventListener('abort', this.#follow, { once: true });
    this.#start();
  }

  /** Something was heard; the next may take `seconds`. */
  feed(seconds: number): void {
    this.seconds = seconds;
    this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#follow);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.stalled = true;
        this.#controller.abort();
      },
      Math.min(this.seconds * 1000, LONGEST_TIMER_MS),
    );
  }
}
