import { expect, test } from 'vitest';
import { madeBy } from '../../../src/jobs/artifacts.ts';
import { jobEventSchema } from '../../../src/jobs/types.ts';

const made = (name: string, data: unknown = {}) =>
  jobEventSchema.parse({
    seq: 0,
    time: '2026-11-29T05:04:04.207Z',
    writer: 'worker',
    type: 'artifact',
    name,
    path: `/t/${name}`,
    data,
  });

test('a checkpoint that the engine removed again is not listed, one told twice is listed once', () => {
  const events = [
    made('checkpoint-20', { kind: 'checkpoint', step: 20 }),
    made('checkpoint-24', { kind: 'checkpoint', step: 24 }),
    made('checkpoint-20', { kind: 'checkpoint', step: 20, gone: true }),
    made('checkpoint-24', { kind: 'checkpoint', step: 24 }),
    made('tune'),
  ];
  expect(madeBy(events).map(({ name }) => name)).toEqual(['checkpoint-24', 'tune']);
});
