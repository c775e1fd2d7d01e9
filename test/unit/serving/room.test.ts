import { expect, test } from 'vitest';
import { type Holder, planRoom } from '../../../src/serving/room.ts';

const holder = (name: string, change: Partial<Holder> = {}): Holder => ({
  id: name,
  name,
  bytes: 400,
  idleMs: 1000,
  kept: '',
  ...change,
});
const stopped = (plan: ReturnType<typeof planRoom>) => plan && [plan.choice, ...plan.stop.map(({ name }) => name)];

test('what fits is started as it was wanted', () => {
  expect(stopped(planRoom(1000, [holder('a')], [600, 300]))).toEqual([0]);
});

test('less in parallel comes before stopping anybody', () => {
  expect(stopped(planRoom(1000, [holder('a')], [700, 600]))).toEqual([1]);
});

test('the longest idle is stopped first, and no more than needed', () => {
  const servers = [holder('young', { idleMs: 5 }), holder('old', { idleMs: 9000 })];
  expect(stopped(planRoom(1000, servers, [500]))).toEqual([0, 'old']);
  expect(stopped(planRoom(1000, servers, [700]))).toEqual([0, 'old', 'young']);
  // With one stopped the greatest that fits then is taken.
  expect(stopped(planRoom(1000, servers, [700, 600, 300]))).toEqual([1, 'old']);
});

test('one that answers, or is wanted, or was deployed by hand, stays', () => {
  const answering = holder('a', { idleMs: null });
  const kept = holder('b', { kept: 'deployed by hand', idleMs: 99_999 });
  expect(planRoom(1000, [answering, kept], [500])).toBeUndefined();
  expect(stopped(planRoom(1000, [answering, kept], [200]))).toEqual([0]);
  expect(stopped(planRoom(1300, [answering, kept, holder('c')], [500]))).toEqual([0, 'c']);
});

test('what is greater than the limit alone stops nobody', () => {
  expect(planRoom(1000, [holder('a')], [1001])).toBeUndefined();
});
