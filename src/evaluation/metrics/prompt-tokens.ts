import type { Metric } from './types.ts';

/** Tokens of the prompt as the server counted them. */
export const promptTokens: Metric = {
  name: 'prompt-tokens',
  kind: 'cost',
  version: 1,
  range: [0, Number.POSITIVE_INFINITY],
  unit: 'tokens',
  direction: 'lower',
  binary: false,
  blindTo: 'Whether they were worth reading; servers with other tokenizers count otherwise.',
  score: ({ usage }) => usage?.promptTokens ?? null,
};
