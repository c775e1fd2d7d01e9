import { describe, expect, it } from 'vitest';
import { createHistory } from '../../stores/history.ts';

const filled = (...points: readonly (readonly [at: number, value: number | null])[]) => {
  const history = createHistory<'rate'>(5000, 4);
  for (const [at, rate] of points) history.add(at, { rate });
  return history;
};

describe('a history', () => {
  it('averages within a slot and leaves gaps where nothing was seen', () => {
    const history = filled([0, 10], [4999, 20], [15_000, 7]);
    expect(history.values('rate', 15_000)).toEqual([15, Number.NaN, Number.NaN, 7]);
  });

  it('keeps only its slots; what comes after the last one is a gap, not the last value', () => {
    const history = filled([0, 1], [5000, 2], [10_000, 3], [15_000, 4], [20_000, 5]);
    expect(history.values('rate', 20_000)).toEqual([2, 3, 4, 5]);
    expect(history.values('rate', 29_999)).toEqual([3, 4, 5, Number.NaN]);
  });

  it('never takes a missing value for 0', () => {
    const history = filled([0, null], [5000, 3]);
    expect(history.values('rate', 5000)).toEqual([Number.NaN, 3]);
  });

  it('begins anew when the clock went back', () => {
    const history = filled([50_000, 9], [10_000, 1]);
    expect(history.values('rate', 10_000)).toEqual([1]);
  });

  it('stays bounded over days', () => {
    const history = createHistory<'rate'>(5000, 180);
    for (let at = 0; at < 3 * 3600_000; at += 1000) history.add(at, { rate: at });
    expect(history.values('rate', 3 * 3600_000 - 1)).toHaveLength(180);
  });
});
