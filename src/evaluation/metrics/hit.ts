import { goldRanks } from './gold.ts';
import type { Metric } from './types.ts';

/** Whether the item's own passage is among the first `k` chunks. */
export function hitMetric(k: number): Metric {
  return {
    name: `hit@${k}`,
    kind: 'retrieval',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: true,
    blindTo: 'Other passages that answer the question as well count as misses.',
    depth: k,
    score: (item) => (item.retrieved ? Number(goldRanks(item).some((rank) => rank <= k)) : null),
  };
}
