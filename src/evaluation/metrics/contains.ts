import { foldedCase } from './folded.ts';
import type { Metric } from './types.ts';

/** Whether one of the right answers stands in the output, width, case and white space aside. */
export const contains: Metric = {
  name: 'contains',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'All that stands around it: copying the whole passage scores 1, and so does naming every candidate.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = foldedCase(output);
    return Number(answers.some((answer) => foldedCase(answer) !== '' && given.includes(foldedCase(answer))));
  },
};
