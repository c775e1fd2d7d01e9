import { levenshteinSimilarity } from './levenshtein.ts';
import type { Metric } from './types.ts';

const THRESHOLD = 0.5;

/** LazyLLM's NonLLMContextRecall(binary=True, th=0.5) with the gold passage as the one reference: any chunk is similar. */
export const contextRecallBinary: Metric = {
  name: 'context-recall-binary',
  kind: 'retrieval',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'How many chunks were needed; and a small chunk is unlike the whole passage even when it is the right one.',
  score: ({ retrieved, topK, goldContext }) =>
    retrieved
      ? Number(retrieved.slice(0, topK).some(({ text }) => levenshteinSimilarity(text, goldContext) > THRESHOLD))
      : null,
};
