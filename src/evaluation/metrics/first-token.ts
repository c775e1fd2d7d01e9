import type { Metric } from './types.ts';

/** Milliseconds from the request to the first piece of text or reasoning. */
export const firstToken: Metric = {
  name: 'first-token',
  kind: 'speed',
  version: 1,
  range: [0, Number.POSITIVE_INFINITY],
  unit: 'ms',
  direction: 'lower',
  binary: false,
  blindTo: 'How many questions were asked at once and what else the machine did: compare columns of one run only.',
  score: ({ timing }) => timing?.firstTokenMs ?? null,
};
