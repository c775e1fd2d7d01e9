import { describe, expect, it } from 'vitest';
import { verdict } from '../../bench/report.ts';
import { interleave, pairedRatio, quantile, seeded } from '../../bench/stats.ts';
import { exactTopK, syntheticVectors } from '../../bench/synthetic.ts';

describe('numbers of a benchmark', () => {
  it('quantiles are those of numpy.quantile', () => {
    const values = [9, 1, 4, 16, 25];
    expect(quantile(values, 0.5)).toBe(9);
    expect(quantile(values, 0.95)).toBeCloseTo(23.2, 10);
    expect(quantile(values, 0)).toBe(1);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('a paired ratio is the median of the rounds, not the ratio of the medians', () => {
    expect(pairedRatio([10, 100, 30], [20, 50, 10])).toBe(2);
  });

  it('every round begins with another side', async () => {
    const order: string[] = [];
    const side = (name: string) => async () => order.push(name);
    const results = await interleave({ a: side('a'), b: side('b') }, 2);
    expect(order).toEqual(['a', 'b', 'b', 'a']);
    expect(results).toEqual({ a: [1, 4], b: [2, 3] });
  });

  it('the same seed gives the same numbers, evenly spread', () => {
    const [one, two] = [seeded(1), seeded(1)];
    const numbers = Array.from({ length: 10_000 }, one);
    expect(Array.from({ length: 10_000 }, two)).toEqual(numbers);
    expect(numbers.reduce((sum, value) => sum + value, 0) / numbers.length).toBeCloseTo(0.5, 1);
    expect(numbers.every((value) => value >= 0 && value < 1)).toBe(true);
  });
});

describe('a budget', () => {
  const row = { measure: 'm', unit: 'ms' };
  it('is kept up to its limit', () => {
    expect(verdict({ ...row, value: 1, budget: { most: 1 } })).toBe('ok');
    expect(verdict({ ...row, value: 1.01, budget: { most: 1 } })).toBe('MISSED');
    expect(verdict({ ...row, value: 0.98, budget: { least: 0.99 } })).toBe('MISSED');
    expect(verdict({ ...row, value: 5 })).toBe('');
  });
  it('may be about the ratio', () => {
    expect(verdict({ ...row, value: 7, ratio: 1.1, budget: { least: 1, of: 'ratio' } })).toBe('ok');
    expect(verdict({ ...row, value: 7, budget: { least: 1, of: 'ratio' } })).toBe('MISSED');
  });
  it('is missed by a number that could not be had', () => {
    expect(verdict({ ...row, value: Number.NaN, budget: { most: 1 } })).toBe('MISSED');
  });
});

describe('made-up vectors', () => {
  const dimension = 64;
  const vectors = syntheticVectors({ count: 300, seed: 3, dimension });
  const row = (at: number) => vectors.subarray(at * dimension, (at + 1) * dimension);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

  it('are of unit length', () => {
    for (let at = 0; at < 300; at += 1) expect(dot(row(at), row(at))).toBeCloseTo(1, 5);
  });

  it('the exact scan finds what sorting all of them finds', () => {
    const query = syntheticVectors({ count: 1, seed: 4, dimension });
    const sorted = Array.from({ length: 300 }, (_, at) => at).sort((a, b) => dot(row(b), query) - dot(row(a), query));
    expect(exactTopK(vectors, query, 10)).toEqual(sorted.slice(0, 10));
  });
});
