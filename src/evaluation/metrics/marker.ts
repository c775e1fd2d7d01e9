import { readMarked } from '../../datasets/making/markers.ts';
import type { Metric } from './types.ts';

/** Whether the answer stands between the marks it was asked for: both, in order, with something between them. */
export const marker: Metric = {
  name: 'marker',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'What stands between the marks, and what stands around them.',
  score: ({ form }) => (form?.marker ? Number((readMarked(form.marker, form.said) ?? '').trim() !== '') : null),
};
