import { levenshteinSimilarity } from './levenshtein.ts';
import { roundHalfEven } from './python.ts';
import type { Metric } from './types.ts';

const THRESHOLD = 0.5;

/** LazyLLM's NonLLMContextRecall(binary=False, th=0.5) with the gold passage as the one reference: similar chunks / chunks. */
export const contextRecall: Metric = {
  name: 'context-recall',
  kind: 'retrieval',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'With small chunks even the right one is unlike the whole passage, and more chunks lower it.',
  score: ({ retrieved, topK, goldContext }) => {
    if (!retrieved) return null;
    const chunks = retrieved.slice(0, topK);
    if (chunks.length === 0) return 0;
    const similar = chunks.filter(({ text }) => levenshteinSimilarity(text, goldContext) > THRESHOLD);
    return roundHalfEven(similar.length / chunks.length, 4);
  },
};
