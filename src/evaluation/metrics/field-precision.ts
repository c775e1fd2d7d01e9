import { matchFields } from './json-fields.ts';
import type { Metric } from './types.ts';

/** Of the fields that the answer fills, the share that the best fitting gold answer has with the same value; 0 where there are none. */
export const fieldPrecision: Metric = {
  name: 'field-precision',
  kind: 'answer',
  version: 2,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'Fields that were left out.',
  score: (item) => {
    const match = matchFields(item);
    if (!match) return null;
    return match.given > 0 ? match.common / match.given : match.gold === 0 ? 1 : 0;
  },
};
