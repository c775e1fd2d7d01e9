import type { ScoredItem } from '../../../src/evaluation/metrics/types.ts';

/** An item that nothing is known of but what `over` says. */
export const item = (over: Partial<ScoredItem>): ScoredItem => ({
  question: 'q',
  goldContext: 'gold passage',
  contextId: 'c1',
  answers: ['gold'],
  output: null,
  context: null,
  retrieved: null,
  topK: 1,
  ...over,
});

export const chunks = (...texts: string[]) => texts.map((text) => ({ text, document: 'other.txt' }));
