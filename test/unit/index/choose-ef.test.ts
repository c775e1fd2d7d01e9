import { expect, test } from 'vitest';
import { chooseEf } from '../../../src/kb/index/build-segment.ts';

/** Recall that grows with the candidates that are looked at; which were tried. */
function looking(recallOf: (ef: number) => number) {
  const tried: number[] = [];
  const chosen = chooseEf((ef) => {
    tried.push(ef);
    return recallOf(ef);
  });
  return { chosen, tried };
}

test('the least that finds nearly all', () => {
  expect(looking((ef) => (ef >= 128 ? 0.996 : 0.99))).toEqual({
    chosen: { ef: 128, recall: 0.996 },
    tried: [64, 96, 128],
  });
});

test('the largest of the usual ones where none finds nearly all, and nothing dearer where that may be believed', () => {
  const { chosen, tried } = looking(() => 0.93);
  expect(chosen).toEqual({ ef: 512, recall: 0.93 });
  expect(tried.at(-1)).toBe(512);
});

test('vectors that are hard to find take more, rather than no index at all', () => {
  expect(looking((ef) => (ef > 512 ? 0.97 : 0.81)).chosen).toEqual({ ef: 1024, recall: 0.97 });
});

test('a graph that finds little however much is looked at is told as it is', () => {
  expect(looking(() => 0.3).chosen).toEqual({ ef: 4096, recall: 0.3 });
});
