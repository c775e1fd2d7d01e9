import type { Metric } from './types.ts';

/** Whether the answer is JSON as it stands that fits the schema it was asked for. */
export const schemaValid: Metric = {
  name: 'schema-valid',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'Whether the values are right; a schema that asks for little is easily kept.',
  score: ({ output, form }) => (output === null || !form?.schema ? null : Number(form.schema.check(output).ok)),
};
