import { inventedShare } from './json-fields.ts';
import type { Metric } from './types.ts';

/** The share of the answer's fields that no gold answer fills: made up, or filled where the truth is empty. */
export const inventedFields: Metric = {
  name: 'invented-fields',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'lower',
  binary: false,
  blindTo: 'Wrong values in fields that the gold answer fills too, and fields that are true though nobody asked.',
  score: inventedShare,
};
