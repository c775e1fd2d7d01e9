/** Counts looked back on: enough to smooth a busy machine, few enough to notice when it is free again. */
const WINDOW = 20;

/** How fast a count grows, from when its values arrive. */
export class RateWindow {
  readonly #seen: { count: number; atMs: number }[] = [];

  /** Units per second over the window; null until two counts came at two times. A count that falls starts anew. */
  update(count: number, atMs: number): number | null {
    const last = this.#seen.at(-1);
    if (last && count < last.count) this.#seen.length = 0;
    if (!last || count !== last.count) this.#seen.push({ count, atMs });
    if (this.#seen.length > WINDOW) this.#seen.shift();
    const first = this.#seen[0];
    const seconds = first ? (atMs - first.atMs) / 1000 : 0;
    return first && count > first.count && seconds > 0 ? (count - first.count) / seconds : null;
  }
}

/** Steps per second and time left, from when rows arrive: what engines say of it is wrong after a resume. */
export class Pace {
  readonly #steps = new RateWindow();

  /** `atMs` is a monotonic clock in milliseconds. A step that does not grow starts the count anew. */
  update(step: number, totalSteps: number, atMs: number): { rate: number | null; secondsLeft: number | null } {
    const rate = this.#steps.update(step, atMs);
    return { rate, secondsLeft: rate ? Math.max(0, totalSteps - step) / rate : null };
  }
}
