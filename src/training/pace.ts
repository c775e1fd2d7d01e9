/** Steps looked back on: enough to smooth a busy machine, few enough to notice when it is free again. */
const WINDOW = 20;

/** Steps per second and time left, from when rows arrive: what engines say of it is wrong after a resume. */
export class Pace {
  readonly #seen: { step: number; atMs: number }[] = [];

  /** `atMs` is a monotonic clock in milliseconds. A step that does not grow starts the count anew. */
  update(step: number, totalSteps: number, atMs: number): { rate: number | null; secondsLeft: number | null } {
    const last = this.#seen.at(-1);
    if (last && step < last.step) this.#seen.length = 0;
    if (!last || step !== last.step) this.#seen.push({ step, atMs });
    if (this.#seen.length > WINDOW) this.#seen.shift();
    const first = this.#seen[0];
    const seconds = first ? (atMs - first.atMs) / 1000 : 0;
    const rate = first && step > first.step && seconds > 0 ? (step - first.step) / seconds : null;
    return { rate, secondsLeft: rate ? Math.max(0, totalSteps - step) / rate : null };
  }
}
