import { roundHalfEven, strip } from './python.ts';
import type { Metric } from './types.ts';

const SPLITTER = /。+/u;

/** LazyLLM's ContextRelevance(splitter="。"): the share of retrieved sentences that are sentences of the gold passage. */
export const contextRelevance: Metric = {
  name: 'context-relevance',
  kind: 'retrieval',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'English text, which has no "。": whole chunks must then equal the whole passage.',
  score: ({ retrieved, topK, goldContext }) => {
    if (!retrieved) return null;
    const gold = new Set(sentencesOf(goldContext));
    const found = retrieved.slice(0, topK).flatMap(({ text }) => sentencesOf(text));
    if (found.length === 0) return 0;
    return roundHalfEven(found.filter((sentence) => gold.has(sentence)).length / found.length, 4);
  },
};

const sentencesOf = (text: string): string[] =>
  text
    .split(SPLITTER)
    .map(strip)
    .filter((sentence) => sentence !== '');
