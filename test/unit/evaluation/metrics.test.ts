import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clampedCosine } from '../../../src/evaluation/metrics/cosine.ts';
import { goldRanks } from '../../../src/evaluation/metrics/gold.ts';
import { levenshteinSimilarity } from '../../../src/evaluation/metrics/levenshtein.ts';
import { roundHalfEven } from '../../../src/evaluation/metrics/python.ts';
import { defaultMetrics, findMetric } from '../../../src/evaluation/metrics/registry.ts';
import { tokenF1 } from '../../../src/evaluation/metrics/token-f1.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { chunks, item } from './scored-item.ts';

/** Made by scripts/reference/metrics.py with Python and rapidfuzz. */
const reference = z
  .object({
    answers: z.array(
      z.object({
        output: z.string(),
        answers: z.array(z.string()),
        context: z.string(),
        exact: z.number(),
        'token-f1': z.number(),
        'origin-tutorial': z.number(),
      }),
    ),
    retrievals: z.array(
      z.object({
        retrieved: z.array(z.string()),
        gold: z.string(),
        'context-recall': z.number(),
        'context-relevance': z.number(),
      }),
    ),
    similarities: z.array(z.object({ a: z.string(), b: z.string(), value: z.number() })),
    cosines: z.array(z.object({ a: z.array(z.number()), b: z.array(z.number()), value: z.number() })),
    rounded: z.array(z.object({ value: z.number(), digits: z.number(), rounded: z.number() })),
  })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'metrics', 'metrics.json'), 'utf8')));

describe('answer metrics equal their references', () => {
  it.each(reference.answers)('$output against $answers', (expected) => {
    const { output, answers, context } = expected;
    for (const name of ['exact', 'token-f1', 'origin-tutorial'] as const) {
      expect([name, findMetric(name).score(item({ output, answers, context }))]).toEqual([name, expected[name]]);
    }
  });
});

describe('retrieval metrics equal their references', () => {
  it.each(reference.retrievals)('$retrieved', (expected) => {
    const scored = item({
      retrieved: chunks(...expected.retrieved),
      goldContext: expected.gold,
      topK: Math.max(1, expected.retrieved.length),
    });
    for (const name of ['context-recall', 'context-relevance'] as const) {
      expect([name, findMetric(name).score(scored)]).toEqual([name, expected[name]]);
    }
  });

  it('looks at the column’s own top-k only', () => {
    const retrieved = chunks('gold passage', 'something else entirely');
    expect(findMetric('context-recall').score(item({ retrieved, topK: 1 }))).toBe(1);
    expect(findMetric('context-recall').score(item({ retrieved, topK: 2 }))).toBe(0.5);
  });
});

it('similarity of code points equals rapidfuzz', () => {
  for (const { a, b, value } of reference.similarities) expect(levenshteinSimilarity(a, b)).toBeCloseTo(value, 12);
});

it('similarity is symmetric, within 0 and 1, and 1 only for equal texts', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 30 }), (a, b) => {
      const value = levenshteinSimilarity(a, b);
      return value === levenshteinSimilarity(b, a) && value >= 0 && value <= 1 && (value === 1) === (a === b);
    }),
    { numRuns: 30 },
  );
});

it('cosine equals numpy, is clamped, and 0 for a zero vector', () => {
  for (const { a, b, value } of reference.cosines) {
    expect(clampedCosine(Float32Array.from(a), Float32Array.from(b))).toBeCloseTo(value, 12);
  }
  expect(clampedCosine(Float32Array.of(1, 0), Float32Array.of(-1, 0))).toBe(0);
});

it('rounds like Python', () => {
  for (const { value, digits, rounded } of reference.rounded) expect(roundHalfEven(value, digits)).toBe(rounded);
});

describe('token-f1', () => {
  it('takes the best answer and treats both sides alike', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'the', ' ', '年', '月', '。', '.', 'x'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const score = (output: string, answers: string[]) => tokenF1.score(item({ output, answers })) ?? -1;
        return (
          Math.abs(score(a, [b]) - score(b, [a])) < 1e-12 &&
          score(a, [b, a]) === 1 &&
          score(a, [b]) >= 0 &&
          score(a, [b]) <= 1
        );
      }),
    );
  });

  it('says nothing about a column without an LLM', () => {
    expect(tokenF1.score(item({ output: null }))).toBeNull();
  });
});

describe('verbatim', () => {
  const score = (output: string, context: string | null) => findMetric('verbatim').score(item({ output, context }));
  it.each([
    ['the whole answer', '1963年', '于1963年被任为主教', 1],
    ['one character more', '1963年。', '于1963年被任为主教', 0],
    ['other white space', 'net  sales\n', 'Its net sales rose', 1],
    ['full width', '１９６３年', '于1963年被任为主教', 1],
    ['nothing', '', 'anything', 0],
    ['only spaces', ' \n', 'anything', 0],
    ['the words in another order', 'sales net', 'Its net sales rose', 0],
  ])('%s', (_, output, context, expected) => expect(score(output, context)).toBe(expected));

  it('does not apply without a context', () => expect(score('x', null)).toBeNull());
  it('gives an empty answer 0 where the tutorial gives 1', () => {
    expect(findMetric('origin-tutorial').score(item({ output: '', context: 'c' }))).toBe(1);
    expect(score('', 'c')).toBe(0);
  });
});

describe('ranks of the gold passage', () => {
  const goldContext = 'First sentence. Second\nsentence.';
  it('by text, by the key of the row, and not by a longer text', () => {
    const retrieved = [
      { text: 'First sentence. Second sentence. Third.', document: 'a.csv#c2' },
      { text: 'Second sentence.', document: 'b.csv#c9' },
      { text: 'rewritten', document: 'a.csv#c1' },
      { text: '  ', document: 'a.csv#c3' },
    ];
    expect(goldRanks({ goldContext, contextId: 'c1', retrieved })).toEqual([2, 3]);
  });

  it('hit@k and mrr@k stop at k', () => {
    const retrieved = chunks('x', 'y', 'First sentence.', 'z');
    const scored = item({ goldContext, retrieved });
    expect(['hit@1', 'hit@2', 'hit@3', 'mrr@2', 'mrr@10'].map((name) => findMetric(name).score(scored))).toEqual([
      0,
      0,
      1,
      0,
      1 / 3,
    ]);
    expect(findMetric('hit@5').score(item({ retrieved: [] }))).toBe(0);
    expect(findMetric('mrr@10').score(item({ retrieved: null }))).toBeNull();
  });
});

describe('registry', () => {
  it('finds families by their parameter and refuses the rest', () => {
    expect(findMetric('cosine@bge-small-zh-v1.5').embedder).toBe('bge-small-zh-v1.5');
    expect(findMetric('hit@3')).toMatchObject({ name: 'hit@3', depth: 3, binary: true });
    for (const name of ['', 'hit@0', 'hit@x', 'cosine@', 'constructor@1', 'bleu']) {
      expect(() => findMetric(name)).toThrow(/no metric/);
    }
  });

  it('every default metric says what it is blind to', () => {
    const names = defaultMetrics({ answers: true, retrieval: true, embedder: 'e' });
    expect(names).toEqual([
      'token-f1',
      'exact',
      'verbatim',
      'contains',
      'rouge-l',
      'no-answer',
      'origin-tutorial',
      'hit@1',
      'hit@5',
      'mrr@10',
      'ndcg@10',
      'recall@10',
      'context-recall',
      'context-relevance',
      'cosine@e',
      'first-token',
      'tokens-per-second',
      'prompt-tokens',
      'answer-tokens',
    ]);
    for (const name of names) expect(findMetric(name).blindTo).toMatch(/\.$/);
    expect(defaultMetrics({ answers: false, retrieval: true, embedder: 'e' })[0]).toBe('hit@1');
  });
});
