import { cmrcPlain } from './cmrc.ts';
import type { Metric } from './types.ts';

/** Exact match as the official script of CMRC 2018 counts it: case and its punctuation aside, any of the answers. */
export const cmrcEm: Metric = {
  name: 'cmrc-em',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'A right answer with one word more; full-width and half-width forms of a character are different ones.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = cmrcPlain(output);
    return Number(answers.some((answer) => cmrcPlain(answer) === given));
  },
};
