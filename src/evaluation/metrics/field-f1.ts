import { f1Of, matchFields } from './json-fields.ts';
import type { Metric } from './types.ts';

/** Harmonic mean of precision and recall over fields with their values; JSON among other words is found, and mended where it can be. */
export const fieldF1: Metric = {
  name: 'field-f1',
  kind: 'answer',
  version: 2,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo:
    'Which values belong together in a list of objects, the order of lists, and wording: a value counts as a whole.',
  score: (item) => {
    const match = matchFields(item);
    if (!match) return null;
    return f1Of(match);
  },
};
