import type { Clusters } from './clusters.ts';
import { Random } from './random.ts';

/** Up to so many clusters that differ, every sign pattern is tried: 2^14 sums. */
const EXACT_CLUSTERS = 14;
const FLIPS = 10_000;

/**
 * Two-sided sign-flip permutation test of "the mean difference is 0": under it each cluster's sum of differences is as
 * likely with the other sign. Exact for few clusters, else seeded Monte Carlo with p = (1 + hits) / (1 + draws).
 */
export function signFlipTest({ sums }: Clusters, options: { seed: number; flips?: number }): number {
  const moving = sums.filter((sum) => sum !== 0);
  if (moving.length === 0) return 1;
  const scale = moving.reduce((sum, value) => sum + Math.abs(value), 0);
  const observed = Math.abs(moving.reduce((sum, value) => sum + value, 0)) - 1e-12 * scale;
  return moving.length <= EXACT_CLUSTERS
    ? exactP(moving, observed)
    : sampledP(moving, observed, new Random(options.seed), options.flips ?? FLIPS);
}

function exactP(sums: Float64Array, observed: number): number {
  const patterns = 2 ** sums.length;
  let hits = 0;
  for (let pattern = 0; pattern < patterns; pattern += 1) {
    let total = 0;
    for (let c = 0; c < sums.length; c += 1) total += (pattern >> c) & 1 ? (sums[c] ?? 0) : -(sums[c] ?? 0);
    if (Math.abs(total) >= observed) hits += 1;
  }
  return hits / patterns;
}

function sampledP(sums: Float64Array, observed: number, random: Random, flips: number): number {
  let hits = 0;
  for (let flip = 0; flip < flips; flip += 1) {
    let total = 0;
    let bits = 0;
    for (let c = 0; c < sums.length; c += 1) {
      if ((c & 31) === 0) bits = random.bits();
      total += bits & 1 ? (sums[c] ?? 0) : -(sums[c] ?? 0);
      bits >>>= 1;
    }
    if (Math.abs(total) >= observed) hits += 1;
  }
  return (1 + hits) / (1 + flips);
}
