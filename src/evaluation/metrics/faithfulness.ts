import { judgedMetric } from './judged.ts';
import type { Metric } from './types.ts';

/**
 * Share of the statements of an answer that what was read supports: a judge splits the answer at "|||", then calls
 * each 0 or 1. Nothing to judge in an empty answer; missing where the judge's reply cannot be read.
 */
export function faithfulnessMetric(judge: string): Metric {
  return judgedMetric('faithfulness', judge, {
    kind: 'answer',
    blindTo:
      'Whether the answer is right: what is copied from the wrong place of the passage is faithful. A judge errs; calibrate it with your own votes.',
  });
}
