import { judgedMetric } from './judged.ts';
import type { Metric } from './types.ts';

/**
 * Share of the statements of the first gold answer that what was retrieved (or given) supports, by a judge; 0
 * where nothing was found, missing where the judge's reply cannot be read.
 */
export function judgeContextRecallMetric(judge: string): Metric {
  return judgedMetric('judge-context-recall', judge, {
    kind: 'retrieval',
    blindTo: 'What was retrieved in vain, and the order of what was; it is about the first gold answer only.',
  });
}
