import { folded } from './folded.ts';
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
    const given = plain(output);
    return Number(answers.some((answer) => plain(answer) !== '' && given.includes(plain(answer))));
  },
};

const plain = (text: string): string => folded(text).toLowerCase();
