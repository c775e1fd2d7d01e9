import { judgedMetric } from './judged.ts';
import type { Metric } from './types.ts';

/**
 * Mean cosine, from 0, of the question and three questions that a judge takes the answer to be one to, by the
 * run's metric embedder; 0 for an empty answer, missing where the judge's reply cannot be read.
 */
export function answerRelevanceMetric(judge: string): Metric {
  return judgedMetric('answer-relevance', judge, {
    kind: 'answer',
    blindTo:
      'Whether the answer is true, and short answers: a bare span tells little of its question. In the tutorial it fell from 87.14 to 55.16 while exact rose from 2.10 to 39.72.',
  });
}
