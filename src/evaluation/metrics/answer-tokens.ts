import type { Metric } from './types.ts';

/** Tokens of the answer, reasoning included, as the server counted them. */
export const answerTokens: Metric = {
  name: 'answer-tokens',
  kind: 'cost',
  version: 1,
  range: [0, Number.POSITIVE_INFINITY],
  unit: 'tokens',
  direction: 'lower',
  binary: false,
  blindTo: 'Whether the answer said more: a short one is cheap, not good. Reasoning counts too.',
  score: ({ usage }) => usage?.completionTokens ?? null,
};
