import { Random } from './random.ts';

/** Drawings of more clusters × resamples are not kept: 32 MB. */
const MOST_KEPT = 32 * 2 ** 20;

interface Drawings {
  readonly count: number;
  readonly seed: number;
  readonly resamples: number;
  /** How often each cluster was drawn, resample after resample. A byte holds it: the mean is 1. */
  readonly counts: Uint8Array;
}

let kept: Drawings | undefined;

/**
 * Draws `count` clusters with replacement, `resamples` times over, and calls `each` with how often each one was drawn: at
 * `counts[from]` and on. Seeded: the metrics of a run have the same drawings, which are therefore made once for all of them.
 */
export function forEachResample(
  count: number,
  seed: number,
  resamples: number,
  each: (counts: Uint8Array, from: number, resample: number) => void,
): void {
  if (count * resamples > MOST_KEPT) {
    const random = new Random(seed);
    const counts = new Uint8Array(count);
    for (let b = 0; b < resamples; b += 1) {
      counts.fill(0);
      draw(random, counts, 0, count);
      each(counts, 0, b);
    }
    return;
  }
  if (kept?.count !== count || kept.seed !== seed || kept.resamples !== resamples) {
    kept = { count, seed, resamples, counts: drawings(count, seed, resamples) };
  }
  for (let b = 0; b < resamples; b += 1) each(kept.counts, b * count, b);
}

function drawings(count: number, seed: number, resamples: number): Uint8Array {
  const random = new Random(seed);
  const counts = new Uint8Array(count * resamples);
  for (let b = 0; b < resamples; b += 1) draw(random, counts, b * count, count);
  return counts;
}

function draw(random: Random, counts: Uint8Array, from: number, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const cluster = from + random.below(count);
    counts[cluster] = (counts[cluster] ?? 0) + 1;
  }
}
