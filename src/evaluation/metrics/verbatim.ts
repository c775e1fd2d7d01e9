import { folded } from './folded.ts';
import type { Metric } from './types.ts';

/** Whether the whole answer was copied: it occurs in the context, width and white space aside. An empty one was not. */
export const verbatim: Metric = {
  name: 'verbatim',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'Whether the copied words answer the question.',
  score: ({ output, context }) => {
    if (output === null || context === null) return null;
    const given = folded(output);
    return Number(given !== '' && folded(context).includes(given));
  },
};
