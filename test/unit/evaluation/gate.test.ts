import { describe, expect, it } from 'vitest';
import { boundGate, differenceGate } from '../../../src/evaluation/gate.ts';
import type { MetricDifference } from '../../../src/evaluation/report.ts';
import type { Summary } from '../../../src/evaluation/statistics/compare.ts';

const summary = (low: number, high: number): Summary => ({
  mean: (low + high) / 2,
  sum: 0,
  n: 40,
  low,
  high,
  interval: 'wilson',
  designEffect: 1,
});
const difference = (low: number, high: number): MetricDifference => ({
  difference: (low + high) / 2,
  low,
  high,
  n: 40,
  contexts: 40,
  p: 0.5,
  mcnemar: null,
  verdict: 'cannot tell',
  moreItems: null,
  detectable: 0.1,
  pHolm: null,
  sentence: 's',
});

describe('a bound', () => {
  it.each([
    [0.5, 0.6, 0.7, 'at least', 'no'],
    [0.5, 0.6, 0.55, 'at least', 'cannot tell'],
    [0.5, 0.6, 0.6, 'at least', 'cannot tell'],
    [0.5, 0.6, 0.5, 'at least', 'yes'],
    [0.5, 0.6, 0.4, 'at most', 'no'],
    [0.5, 0.6, 0.5, 'at most', 'cannot tell'],
    [0.5, 0.6, 0.6, 'at most', 'yes'],
  ] as const)('[%d, %d] %d %s: %s', (low, high, bound, side, answer) => {
    expect(boundGate('exact', 'tuned', summary(low, high), bound, side).answer).toBe(answer);
  });

  it('says what it rests on', () => {
    expect(boundGate('exact', 'tuned', summary(0.5, 0.6), 0.7, 'at least').sentence).toBe(
      'tuned is surely not at least 70.0 in exact: 55.0 [50.0, 60.0] on 40 items.',
    );
  });
});

describe('a baseline', () => {
  it.each([
    ['exact', -0.3, -0.1, 0, 'no'],
    ['exact', -0.3, -0.1, 0.2, 'cannot tell'],
    ['exact', -0.3, -0.1, 0.3, 'yes'],
    ['exact', -0.1, 0.1, 0, 'cannot tell'],
    ['exact', 0, 0.2, 0, 'yes'],
    // Fewer refusals are better.
    ['no-answer', 0.1, 0.3, 0, 'no'],
    ['no-answer', -0.3, -0.1, 0, 'yes'],
  ] as const)('%s [%d, %d] with a tolerance of %d: %s', (metric, low, high, tolerance, answer) => {
    expect(differenceGate(metric, difference(low, high), tolerance).answer).toBe(answer);
  });

  it('answers its own question before it tells the difference', () => {
    expect(differenceGate('exact', difference(0, 0.2), 0).sentence).toBe('surely not worse. s');
    expect(differenceGate('exact', difference(-0.3, -0.1), 0.05).sentence).toBe('surely worse by more than 5.0. s');
    expect(differenceGate('exact', difference(-0.1, 0.1), 0).sentence).toBe('may be worse. s');
  });
});
