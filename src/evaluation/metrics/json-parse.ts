import { jsonExactly } from './json-fields.ts';
import type { Metric } from './types.ts';

/** Whether the answer is a JSON object or list and nothing else, at most in one code fence. */
export const jsonParse: Metric = {
  name: 'json-parse',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'What the JSON says: an empty object parses as well as a right one.',
  score: ({ output }) => (output === null ? null : Number(jsonExactly(output) !== undefined)),
};
