import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agreementOf } from '../../../src/evaluation/statistics/kappa.ts';

const interval = { low: z.number(), high: z.number() };
const { cases } = z
  .object({
    cases: z.array(
      z.object({
        name: z.string(),
        pairs: z.array(z.tuple([z.string(), z.string()])),
        share: z.object({ mean: z.number(), ...interval }),
        kappa: z.object({ value: z.number(), ...interval }).nullable(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../fixtures/reference/metrics/kappa.json', import.meta.url), 'utf8')));

const cut = (value: number): number => Math.min(1, Math.max(-1, value));

/** Made by scikit-learn and statsmodels: `scripts/reference/kappa.py`. */
describe('agreement of two raters', () => {
  test.each(cases)('$name', ({ pairs, share, kappa }) => {
    const found = agreementOf(pairs);
    expect(found.n).toBe(pairs.length);
    expect(found.share?.mean).toBeCloseTo(share.mean, 12);
    expect(found.share?.low).toBeCloseTo(share.low, 9);
    expect(found.share?.high).toBeCloseTo(share.high, 9);
    if (kappa === null) {
      expect(found.kappa).toBeNull();
      return;
    }
    expect(found.kappa?.value).toBeCloseTo(kappa.value, 12);
    expect(found.kappa?.low).toBeCloseTo(cut(kappa.low), 9);
    expect(found.kappa?.high).toBeCloseTo(cut(kappa.high), 9);
  });

  test('of nothing is nothing', () => expect(agreementOf([])).toEqual({ n: 0, share: null, kappa: null }));

  test('does not depend on who is called first', () => {
    for (const { pairs } of cases) {
      const turned = agreementOf(pairs.map(([a, b]): [string, string] => [b, a]));
      expect(turned.kappa?.value ?? 0).toBeCloseTo(agreementOf(pairs).kappa?.value ?? 0, 12);
    }
  });
});
