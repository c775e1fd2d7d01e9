import type { Interval } from './closed-forms.ts';
import type { Clusters } from './clusters.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { forEachResample } from './resamples.ts';

export const RESAMPLES = 10_000;

export interface BootstrapOptions {
  readonly seed: number;
  readonly resamples?: number;
  readonly confidence?: number;
}

/**
 * Bias-corrected and accelerated (BCa, Efron 1987) bootstrap interval of the mean over items. Whole clusters are drawn with
 * replacement, so that the mean of a resample is Σ sums / Σ sizes. Seeded: the same input gives the same interval.
 * All clusters alike: the interval is the mean itself. Fewer than two clusters: NaN, nothing can be said.
 */
export function bootstrapMean(clusters: Clusters, options: BootstrapOptions): Interval {
  const { confidence = 0.95, resamples = RESAMPLES } = options;
  if (clusters.sums.length < 2) return { low: Number.NaN, high: Number.NaN };
  const means = resampledMeans(clusters, options.seed, resamples).sort();
  const lowest = means[0] ?? 0;
  const highest = means[means.length - 1] ?? 0;
  if (lowest === highest) return { low: lowest, high: highest };
  const { bias, acceleration } = correction(means, clusters);
  const tail = (1 - confidence) / 2;
  const level = (p: number) => {
    const z = bias + normalQuantile(p);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  return { low: quantile(means, level(tail)), high: quantile(means, level(1 - tail)) };
}

function resampledMeans({ sums, sizes }: Clusters, seed: number, resamples: number): Float64Array {
  const means = new Float64Array(resamples);
  forEachResample(sums.length, seed, resamples, (counts, from, b) => {
    let sum = 0;
    let size = 0;
    for (let c = 0; c < sums.length; c += 1) {
      const times = counts[from + c] ?? 0;
      sum += times * (sums[c] ?? 0);
      size += times * (sizes[c] ?? 0);
    }
    means[b] = sum / size;
  });
  return means;
}

/** Bias from the share of resamples below the mean (half of the equal ones), acceleration from leaving out each cluster. */
function correction(sorted: Float64Array, { sums, sizes, n, mean }: Clusters): { bias: number; acceleration: number } {
  let below = 0;
  let equal = 0;
  // Means of the same clusters summed in another order differ in the last bits.
  const slack = 1e-12 * Math.max(1, Math.abs(mean));
  for (const value of sorted) {
    if (value < mean - slack) below += 1;
    else if (value <= mean + slack) equal += 1;
  }
  const share = (below + equal / 2) / sorted.length;
  const bias = normalQuantile(Math.min(1 - 1e-9, Math.max(1e-9, share)));

  const total = mean * n;
  const left = sums.map((sum, c) => (total - sum) / (n - (sizes[c] ?? 0)));
  const centre = left.reduce((sum, value) => sum + value, 0) / left.length;
  let squares = 0;
  let cubes = 0;
  for (const value of left) {
    squares += (centre - value) ** 2;
    cubes += (centre - value) ** 3;
  }
  return { bias, acceleration: squares === 0 ? 0 : cubes / (6 * squares ** 1.5) };
}

/** Linear interpolation between order statistics, as numpy's default. */
function quantile(sorted: Float64Array, p: number): number {
  const at = Math.min(1, Math.max(0, p)) * (sorted.length - 1);
  const low = Math.floor(at);
  const a = sorted[low] ?? 0;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] ?? a;
  return a + (b - a) * (at - low);
}
