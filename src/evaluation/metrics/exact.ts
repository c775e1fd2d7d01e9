import { strip } from './python.ts';
import type { Metric } from './types.ts';

/** The tutorial's exact match: the stripped output is the first answer, character for character. */
export const exact: Metric = {
  name: 'exact',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'An answer that differs by one full stop scores like one that is wrong.',
  score: ({ output, answers }) => (output === null ? null : Number(strip(output) === answers[0])),
};
