import { goldRanks } from './gold.ts';
import type { Metric } from './types.ts';

/** 1 / rank of the first chunk of the item's own passage among the first `k`, 0 if there is none. */
export function mrrMetric(k: number): Metric {
  return {
    name: `mrr@${k}`,
    kind: 'retrieval',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: false,
    blindTo: 'Everything after the first find, and passages that answer as well but are not the gold one.',
    depth: k,
    score: (item) => {
      if (!item.retrieved) return null;
      const first = goldRanks(item).find((rank) => rank <= k);
      return first === undefined ? 0 : 1 / first;
    },
  };
}
