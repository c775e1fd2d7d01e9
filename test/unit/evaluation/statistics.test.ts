import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bootstrapMean } from '../../../src/evaluation/statistics/bootstrap.ts';
import { holm, mcnemarExact, wilson } from '../../../src/evaluation/statistics/closed-forms.ts';
import { clusteredError, clustersOf, designEffect } from '../../../src/evaluation/statistics/clusters.ts';
import { compare, summarise, verdictSentence } from '../../../src/evaluation/statistics/compare.ts';
import { normalCdf, normalQuantile } from '../../../src/evaluation/statistics/normal.ts';
import { Random } from '../../../src/evaluation/statistics/random.ts';
import { signFlipTest } from '../../../src/evaluation/statistics/sign-flip.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';

const number = z.number();
/** Made by scripts/reference/metrics_statistics.py with numpy, scipy and statsmodels. */
const reference = z
  .object({
    cdf: z.array(z.object({ x: number, p: number })),
    quantile: z.array(z.object({ p: number, x: number })),
    wilson: z.array(z.object({ hits: number, n: number, confidence: number, low: number, high: number })),
    mcnemar: z.array(z.object({ gained: number, lost: number, p: number })),
    holm: z.array(z.object({ p: z.array(number), adjusted: z.array(number) })),
    paired: z.array(
      z.object({
        a: z.array(number),
        b: z.array(number),
        clusters: z.array(z.string()),
        binary: z.boolean(),
        difference: number,
        bca: z.tuple([number, number]),
        bootstrapError: number,
        clusteredError: number,
        signFlip: z.object({ p: number, exact: z.boolean() }),
        mcnemar: number,
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'metrics', 'statistics.json'), 'utf8')));

/** Closed forms: to 1e-9 of the reference, relative for small values. */
const agrees = (value: number, expected: number) =>
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(
    1e-9 * Math.min(1, Math.max(Math.abs(expected), 1e-12)) + 1e-15,
  );
const round3 = (values: readonly number[]) => values.map((value) => Math.round(value * 1000) / 1000);
const differencesOf = ({ a, b }: { a: number[]; b: number[] }) => round3(b.map((value, i) => value - (a[i] ?? 0)));

describe('closed forms agree with scipy and statsmodels', () => {
  it('normal distribution', () => {
    for (const { x, p } of reference.cdf) agrees(normalCdf(x), p);
    for (const { p, x } of reference.quantile) expect(normalQuantile(p)).toBeCloseTo(x, 9);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it('Wilson interval', () => {
    for (const { hits, n, confidence, low, high } of reference.wilson) {
      const interval = wilson(hits / n, n, confidence);
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    }
  });

  it('exact McNemar', () => {
    for (const { gained, lost, p } of reference.mcnemar) agrees(mcnemarExact(gained, lost), p);
    expect(mcnemarExact(0, 0)).toBe(1);
  });

  it('Holm', () => {
    for (const { p, adjusted } of reference.holm) {
      for (const [i, value] of holm(p).entries()) agrees(value, adjusted[i] ?? Number.NaN);
    }
  });

  it('clustered standard error', () => {
    for (const one of reference.paired) {
      agrees(clusteredError(clustersOf(differencesOf(one), one.clusters)), one.clusteredError);
    }
  });
});

describe.each(reference.paired)('paired case with difference $difference', (one) => {
  const grouped = clustersOf(differencesOf(one), one.clusters);

  it('the bootstrap interval is that of scipy within its Monte-Carlo error', () => {
    const { low, high } = bootstrapMean(grouped, { seed: 1314 });
    // Standard deviation of a 2.5 % quantile of 10,000 normal draws: √(0.025·0.975/10⁴)/φ(1.96) ≈ 0.027 errors; discrete
    // scores move in steps of one item.
    const slack = 4 * 0.027 * one.bootstrapError + (one.binary ? 1 / one.a.length : 0);
    expect(Math.abs(low - one.bca[0])).toBeLessThanOrEqual(slack);
    expect(Math.abs(high - one.bca[1])).toBeLessThanOrEqual(slack);
  });

  it('the sign-flip p is that of scipy', () => {
    const p = signFlipTest(grouped, { seed: 1314 });
    const { p: expected, exact } = one.signFlip;
    if (exact) agrees(p, expected);
    else expect(Math.abs(p - expected)).toBeLessThanOrEqual(4 * Math.sqrt((expected * (1 - expected)) / 10_000) + 3e-4);
  });

  it('the comparison puts them together', () => {
    const result = compare(one, { binary: one.binary, direction: 'higher', seed: 1314 });
    expect(result.difference).toBeCloseTo(one.difference, 9);
    if (one.binary) agrees(result.mcnemar?.p ?? Number.NaN, one.mcnemar);
    else expect(result.mcnemar).toBeNull();
    expect(result.detectable).toBeCloseTo((1.9599639845 + 0.8416212336) * one.clusteredError, 8);
  });
});

/** A null pair: both columns draw from the same distribution, with a share common to a context. */
function simulated(random: Random, contexts: number, perContext: number, gain = 0, discordant = 0.2) {
  const a: number[] = [];
  const b: number[] = [];
  const clusters: string[] = [];
  for (let c = 0; c < contexts; c += 1) {
    const lean = (random.unit() - 0.5) * 0.6;
    for (let i = 0; i < perContext; i += 1) {
      const differs = random.unit() < discordant;
      const gains = random.unit() < 0.5 + lean + gain / discordant / 2;
      const base = random.unit() < 0.5 ? 1 : 0;
      a.push(differs ? Number(!gains) : base);
      b.push(differs ? Number(gains) : base);
      clusters.push(`c${c}`);
    }
  }
  return { a, b, clusters };
}

const METHOD = { binary: true, direction: 'higher', resamples: 600 } as const;

it('of 1,000 null pairs with clustered items at most 6.4 % are called different', () => {
  const random = new Random(20261123);
  let called = 0;
  for (let run = 0; run < 1000; run += 1) {
    if (compare(simulated(random, 20, 3), { ...METHOD, seed: run }).verdict !== 'cannot tell') called += 1;
  }
  expect(called).toBeLessThanOrEqual(64);
  // A test that never calls anything would pass too: some must be called.
  expect(called).toBeGreaterThanOrEqual(10);
});

it('a planted +3 points at 14 % discordant on 1,002 items is found', () => {
  const pairs = {
    a: new Array<number>(1002).fill(0),
    b: new Array<number>(1002).fill(0),
    clusters: Array.from({ length: 1002 }, (_, i) => `c${i}`),
  };
  // 140 discordant pairs: 85 gained, 55 lost.
  for (let i = 0; i < 85; i += 1) pairs.b[i * 7] = 1;
  for (let i = 0; i < 55; i += 1) pairs.a[i * 7 + 3] = 1;
  const result = compare(pairs, { binary: true, direction: 'higher', seed: 1 });
  expect(result.difference).toBeCloseTo(30 / 1002, 12);
  expect(result.verdict).toBe('better');
  expect(result.p).toBeLessThan(0.02);
  const lower = compare(pairs, { binary: true, direction: 'lower', seed: 1 });
  expect(lower.verdict).toBe('worse');
});

describe('verdicts', () => {
  const clusters = Array.from({ length: 40 }, (_, i) => `c${i}`);
  const zeros = clusters.map(() => 0);

  it('identical columns cannot be told apart, by no number of items', () => {
    const result = compare({ a: zeros, b: zeros, clusters }, { binary: true, direction: 'higher', seed: 1 });
    expect(result).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, verdict: 'cannot tell', moreItems: null });
    expect(verdictSentence('exact', 'base', 'tuned', result)).toMatch(
      /^Cannot tell tuned from base in exact.*no sensible number/,
    );
  });

  it('a small difference says how many more items would tell', () => {
    const b = clusters.map((_, i) => (i < 4 ? 1 : i === 4 ? -1 : 0));
    const result = compare({ a: zeros, b, clusters }, { binary: false, direction: 'higher', seed: 1 });
    // By hand: mean 0.075, squares 5 − 40·0.075² = 4.775, error √(4.775·40/39)/40 = 0.05532; n·(2.8016·error/mean)² = 170.8.
    expect(result.verdict).toBe('cannot tell');
    expect(result.moreItems).toBe(131);
    expect(verdictSentence('token-f1', 'base', 'tuned', result)).toContain('about 140 more items');
    expect(verdictSentence('token-f1', 'base', 'tuned', result, { interim: true })).toMatch(
      /^Interim, no verdict yet: /,
    );
  });

  it('one context tells nothing', () => {
    const result = compare(
      { a: [0, 0, 0], b: [1, 1, 1], clusters: ['x', 'x', 'x'] },
      { binary: true, direction: 'higher', seed: 1 },
    );
    expect(result.verdict).toBe('cannot tell');
  });
});

describe('summary of a column', () => {
  it('Wilson on the effective sample size', () => {
    // Four contexts of two items that always agree: eight items count as four, times G/(G−1).
    const values = [1, 1, 0, 0, 1, 1, 0, 0];
    const clusters = ['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd'];
    // Variance of the mean by hand: Σ(±1)²·4/3 / 64 = 1/12; of independent items: 8·0.25/7/8 = 1/28.
    expect(designEffect(values, clustersOf(values, clusters))).toBeCloseTo(28 / 12, 12);
    const summary = summarise({ values, clusters }, { binary: true, seed: 1 });
    expect(summary).toMatchObject({ mean: 0.5, sum: 4, n: 8, interval: 'wilson', ...wilson(0.5, 8 / (28 / 12)) });
  });

  it('is the same every time for the same seed', () => {
    const values = reference.paired[2]?.a ?? [];
    const clusters = reference.paired[2]?.clusters ?? [];
    const once = summarise({ values, clusters }, { binary: false, seed: 7 });
    expect(summarise({ values, clusters }, { binary: false, seed: 7 })).toEqual(once);
    expect(once.low).toBeLessThan(once.mean);
    expect(once.high).toBeGreaterThan(once.mean);
  });
});

it('the generator is even over its range and shuffles to a permutation', () => {
  const random = new Random(3);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i += 1) {
    const drawn = random.below(10);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  // χ² with 9 degrees of freedom: 27.9 is its 99.9 % point.
  expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9);
  const shuffled = random.shuffled([1, 2, 3, 4, 5, 6]);
  expect(shuffled).not.toEqual([1, 2, 3, 4, 5, 6]);
  expect([...shuffled].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});
