import { describe, expect, it } from 'vitest';
import { coverage, isRelevant, lift } from '../../../src/kb/retrieve/relevance.ts';

const usual = (mean: number, best: number) => [
  best,
  ...Array.from({ length: 20 }, (_, at) => mean + (at % 2 ? 0.05 : -0.05)),
];
const nothing = { terms: [], rows: 100, texts: [] };

describe('lift', () => {
  it('is the share of the way from the usual score to 1', () => {
    expect(lift(0.7, usual(0.4, 0.7))).toBeCloseTo(0.5, 10);
  });
  it('is unknown for a handful of texts', () => {
    expect(lift(0.7, [0.7, 0.4, 0.3])).toBeUndefined();
  });
});

describe('coverage', () => {
  it('weighs tokens by how rare they are, absent ones too', () => {
    const terms = [
      { text: 'common', documents: 100 },
      { text: 'rare', documents: 1 },
      { text: 'absent', documents: 0 },
    ];
    // log 2, log 101, log 201
    const total = Math.log(2) + Math.log(101) + Math.log(201);
    expect(
      coverage({ best: null, usual: [], terms, rows: 100, texts: ['a common and rare thing', 'common'] }),
    ).toBeCloseTo((Math.log(2) + Math.log(101)) / total, 10);
  });
});

describe('relevance', () => {
  // Scores as measured with bge-small: see the comment at the rule.
  it.each([
    ['a question about the texts (zh)', 0.65, 0.25, true],
    ['a question about something else (zh)', 0.38, 0.24, false],
    ['a question about the texts (en)', 0.79, 0.49, true],
    ['a question about something else (en)', 0.53, 0.35, false],
  ])('%s', (_name, best, mean, expected) => {
    expect(isRelevant({ ...nothing, best, usual: usual(mean, best) })).toBe(expected);
  });

  it('takes rare words as evidence where vectors are weak, but not alone', () => {
    const evidence = { rows: 100, texts: ['x'], terms: [{ text: 'x', documents: 1 }] };
    expect(isRelevant({ ...evidence, best: 0.42, usual: usual(0.25, 0.42) })).toBe(true);
    expect(isRelevant({ ...evidence, best: 0.3, usual: usual(0.25, 0.3) })).toBe(false);
    expect(isRelevant({ ...evidence, best: null, usual: [] })).toBe(true);
    expect(isRelevant({ ...evidence, texts: ['y'], best: null, usual: [] })).toBe(false);
  });
});
