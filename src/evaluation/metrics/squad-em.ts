import { squadPlain } from './squad.ts';
import type { Metric } from './types.ts';

/** Exact match of the SQuAD script: equal to one of the answers after its normalisation. */
export const squadEm: Metric = {
  name: 'squad-em',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'A right answer with one word more, and Chinese punctuation: only that of ASCII is left out.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = squadPlain(output);
    return Number(answers.some((answer) => squadPlain(answer) === given));
  },
};
