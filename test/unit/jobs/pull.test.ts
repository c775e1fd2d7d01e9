import { expect, test } from 'vitest';
import { PullTally } from '../../../src/jobs/pull.ts';
import type { PullProgress } from '../../../src/models/types.ts';

const at = (file: string, bytes: number, phase: PullProgress['phase'] = 'downloading'): PullProgress => ({
  model: 'm',
  file,
  source: 'a mirror',
  phase,
  bytes,
  total: 1000,
});

test('counts over all files and tells rate and time left of what really came', () => {
  const tally = new PullTally(2000, 0);
  expect(tally.update(at('a', 400), 1000)).toMatchObject({ done: 400, total: 2000, rate: null, secondsLeft: null });
  expect(tally.update(at('a', 1000), 2000)).toMatchObject({ done: 1000, rate: 300 });
  expect(tally.update(at('a', 1000, 'verifying'), 2000)).toMatchObject({
    phase: 'verifying m from a mirror',
    done: 1000,
  });
  expect(tally.update(at('b', 0), 2000)).toMatchObject({ done: 1000, rate: 300 });
  // 600 + 600 bytes in 4 s, 400 left.
  const last = tally.update(at('b', 600), 4000);
  expect(last).toMatchObject({ done: 1600, rate: 300 });
  expect(last.secondsLeft).toBeCloseTo(400 / 300);
});

test('a file that starts again at zero takes nothing back', () => {
  const tally = new PullTally(1000, 0);
  tally.update(at('a', 900), 1000);
  expect(tally.update(at('a', 0), 1500)).toMatchObject({ done: 900 });
});
