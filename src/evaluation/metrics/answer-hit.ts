import { foldedCase } from './folded.ts';
import type { Metric } from './types.ts';

/**
 * Whether one of the first `k` chunks holds a right answer whole, width, case and white space aside. It asks nothing of
 * how the passage was cut, so it compares node groups. Null for an item none of whose answers stands in its passage.
 */
export function answerHitMetric(k: number): Metric {
  return {
    name: `answer-hit@${k}`,
    kind: 'retrieval',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: true,
    blindTo: 'Where the words stand: a short answer ("2019") occurs in many chunks that do not answer.',
    depth: k,
    score: ({ retrieved, answers, goldContext }) => {
      if (!retrieved) return null;
      const passage = foldedCase(goldContext);
      const spans = answers.map(foldedCase).filter((answer) => answer !== '' && passage.includes(answer));
      if (spans.length === 0) return null;
      const chunks = retrieved.slice(0, k).map(({ text }) => foldedCase(text));
      return Number(spans.some((span) => chunks.some((chunk) => chunk.includes(span))));
    },
  };
}
