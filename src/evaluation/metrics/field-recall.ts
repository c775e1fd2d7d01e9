import { matchFields } from './json-fields.ts';
import type { Metric } from './types.ts';

/** Of the fields that the best fitting gold answer fills, the share that the answer has with the same value; missing where it fills none. */
export const fieldRecall: Metric = {
  name: 'field-recall',
  kind: 'answer',
  version: 2,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'Fields that were made up beside the right ones.',
  score: (item) => {
    const match = matchFields(item);
    if (!match) return null;
    return match.gold === 0 ? null : match.common / match.gold;
  },
};
