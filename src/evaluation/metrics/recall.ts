import { goldRanks } from './gold.ts';
import type { Metric } from './types.ts';

/** The share of all chunks of the item's own passage that are among the first `k`; unknown where nobody counted them. */
export function recallMetric(k: number): Metric {
  return {
    name: `recall@${k}`,
    kind: 'retrieval',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: false,
    blindTo:
      'Which of its chunks holds the answer, and other passages that answer as well. Below k chunks it cannot reach 1.',
    depth: k,
    score: (item) => {
      const gold = goldCount(item);
      return gold === null ? null : goldRanks(item).filter((rank) => rank <= k).length / gold;
    },
  };
}

/** How many chunks of the passage there are to find: as counted in the knowledge base, and at least those found. */
export function goldCount(
  item: Parameters<typeof goldRanks>[0] & { readonly goldChunks?: number | null },
): number | null {
  if (!item.retrieved || !item.goldChunks) return null;
  return Math.max(item.goldChunks, goldRanks(item).length);
}
