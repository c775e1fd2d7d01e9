import { goldRanks } from './gold.ts';
import { goldCount } from './recall.ts';
import type { Metric } from './types.ts';

/**
 * nDCG of the first `k` chunks with relevance 0 or 1 (Järvelin and Kekäläinen 2002, discount 1/log2(rank + 1)). The ideal
 * order has all chunks of the passage in front, not only those that were found.
 */
export function ndcgMetric(k: number): Metric {
  return {
    name: `ndcg@${k}`,
    kind: 'retrieval',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: false,
    blindTo: 'Passages that answer as well but are not the gold one, and which chunk of the passage holds the answer.',
    depth: k,
    score: (item) => {
      const gold = goldCount(item);
      if (gold === null) return null;
      const found = goldRanks(item).filter((rank) => rank <= k);
      const ideal = Array.from({ length: Math.min(k, gold) }, (_, at) => at + 1);
      return gain(found) / gain(ideal);
    },
  };
}

const gain = (ranks: readonly number[]): number => ranks.reduce((sum, rank) => sum + 1 / Math.log2(rank + 1), 0);
