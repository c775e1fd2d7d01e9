import { judgedMetric } from './judged.ts';
import type { Metric } from './types.ts';

/**
 * Whether a judge prefers the answer to that of the first column, asked in both orders: 1 when it does in both, 0
 * when it prefers the other in both, 0.5 for all else; the same answer twice is a tie, an answer beats none.
 * Missing where a reply cannot be read.
 */
export function preferenceMetric(judge: string): Metric {
  return judgedMetric('preference', judge, {
    kind: 'answer',
    blindTo: 'By how much one is better, and what both get wrong; the first column stands at 50 by definition.',
  });
}
