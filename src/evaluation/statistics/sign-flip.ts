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
  const tables = signedSums(sums);
  let hits = 0;
  for (let flip = 0; flip < flips; flip += 1) {
    let total = 0;
    let bits = 0;
    for (let table = 0; table < tables.length; table += 1) {
      if ((table & 3) === 0) bits = random.bits();
      total += tables[table]?.[bits & 255] ?? 0;
      bits >>>= 8;
    }
    if (Math.abs(total) >= observed) hits += 1;
  }
  return (1 + hits) / (1 + flips);
}

/** Of each eight clusters the sum under all 256 patterns of their signs, so that a flip looks up instead of adding. */
function signedSums(sums: Float64Array): Float64Array[] {
  const tables: Float64Array[] = [];
  for (let from = 0; from < sums.length; from += 8) {
    const table = new Float64Array(256);
    for (let pattern = 0; pattern < 256; pattern += 1) {
      for (let c = 0; c < 8; c += 1) {
        const value = sums[from + c] ?? 0;
        table[pattern] = (table[pattern] ?? 0) + ((pattern >> c) & 1 ? value : -value);
      }
    }
    tables.push(table);
  }
  return tables;
}
