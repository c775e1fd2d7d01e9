import { splitWords } from './python.ts';
import type { Metric } from './types.ts';

/** The tutorial's "origin" as its formula has it: every character of the output occurs in the context. Empty scores 1. */
export const originChar: Metric = {
  name: 'origin-char',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo:
    'An empty answer scores 1; a long passage has nearly every character, so anything of the same script scores 1.',
  score: ({ output, context }) => {
    if (output === null || context === null) return null;
    const there = new Set(context);
    return Number([...splitWords(output).join('')].every((character) => there.has(character)));
  },
};
