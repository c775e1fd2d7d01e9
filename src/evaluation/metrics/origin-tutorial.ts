import { splitWords } from './python.ts';
import type { Metric } from './types.ts';

/** The tutorial's "origin" as its code has it: every piece between white space occurs in the context. Empty scores 1. */
export const originTutorial: Metric = {
  name: 'origin-tutorial',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'An empty answer scores 1, and so do the right words in any order.',
  score: ({ output, context }) =>
    output === null || context === null ? null : Number(splitWords(output).every((piece) => context.includes(piece))),
};
