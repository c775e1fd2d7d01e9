import type { Clock } from './dependencies.ts';

const WINDOW_MS = 5000;

export interface RateMeter {
  /** The running total (not the increment). */
  add(total: number): void;
  /** Units per second over the last 5 s; null before two reports a quarter of a second apart. */
  rate(): number | null;
}

/** Rate of a growing total, smoothed over a window. A total that falls (next file) starts the window anew. */
export function createRateMeter(now: Clock): RateMeter {
  let samples: { readonly at: number; readonly total: number }[] = [];
  return {
    add(total) {
      const at = now();
      const last = samples.at(-1);
      if (last && total < last.total) samples = [];
      samples.push({ at, total });
      const oldest = samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
      if (oldest > 0) samples = samples.slice(oldest);
    },
    rate() {
      const first = samples[0];
      const last = samples.at(-1);
      if (!first || !last || last.at - first.at < 250) return null;
      return ((last.total - first.total) * 1000) / (last.at - first.at);
    },
  };
}
