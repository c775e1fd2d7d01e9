import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputSchema } from '../../../src/datasets/making/structured.ts';
import { findMetric, LISTED } from '../../../src/evaluation/metrics/registry.ts';
import type { Metric, ScoredItem } from '../../../src/evaluation/metrics/types.ts';
import { chunks, item } from './scored-item.ts';

const SEEDED = { seed: 1314, numRuns: 150 };
const score = (name: string, over: Partial<ScoredItem>) => findMetric(name).score(item(over));

/** Texts of every kind: empty, of white space, joined emoji, combining marks, Chinese, right to left, half of a pair, JSON. */
const piece = fc.constantFrom(
  ...[
    '',
    ' ',
    '\n',
    '\u3000',
    '\u200b',
    'a',
    'The',
    'net sales',
    '12',
    '1,200.50',
    '８',
    '-',
    '。',
    '，',
    '!',
    '{"a": [1, null]}',
    '[]',
  ],
  ...[
    '年',
    '范廷颂',
    '营业收入增长',
    'é',
    'e\u0301',
    'ﬁ',
    'İ',
    'ß',
    'مرحبا',
    'नमस्ते',
    '👩‍👩‍👧',
    '😀',
    '🇳🇴',
    '\ud83d',
    '\udc00',
    '\u0000',
    '{{KEY_START}}',
    '{{KEY_END}}',
  ],
);
const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));
const vector = fc.float32Array({
  minLength: 3,
  maxLength: 3,
  noNaN: true,
  noDefaultInfinity: true,
  min: -100,
  max: 100,
});
const scored = fc.record({
  output: fc.option(text, { nil: null }),
  answers: fc.array(text, { minLength: 1, maxLength: 3 }),
  goldContext: text,
  question: text,
  context: fc.option(text, { nil: null }),
  found: fc.option(fc.array(text, { maxLength: 4 }), { nil: null }),
  topK: fc.integer({ min: 1, max: 5 }),
  goldChunks: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
  firstTokenMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: null }),
  totalMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: null }),
  promptTokens: fc.nat(1e6),
  completionTokens: fc.nat(1e6),
  amount: fc.double({ min: 0, max: 1e4, noNaN: true }),
  vectors: fc.tuple(vector, vector),
  marked: fc.boolean(),
});
type Drawn = typeof scored extends fc.Arbitrary<infer T> ? T : never;

const schema = outputSchema('{"type": "object", "properties": {"a": {"type": "array"}}}');
function made(drawn: Drawn): ScoredItem {
  const { found, firstTokenMs, totalMs, promptTokens, completionTokens, amount, vectors, marked, ...rest } = drawn;
  const [output, answer] = vectors;
  return item({
    ...rest,
    retrieved: found && chunks(...found),
    timing: { firstTokenMs, totalMs },
    usage: { promptTokens, completionTokens },
    cost: { amount, currency: 'USD' },
    vectors: { EMBEDDER: { output, answer } },
    ...(rest.output === null ? {} : { form: { marker: marked ? 'KEY' : null, schema, said: rest.output } }),
  });
}

function expectWithin({ name, range: [low, high], binary }: Metric, value: number | null): void {
  if (value === null) return;
  expect(Number.isFinite(value), `${name} gives ${value}`).toBe(true);
  expect(value, name).toBeGreaterThanOrEqual(low);
  expect(value, name).toBeLessThanOrEqual(high);
  if (binary) expect([0, 1], name).toContain(value);
}

/** What stands for "price@CURRENCY" is no currency itself. */
const metrics = LISTED.map((metric) => (metric.name.startsWith('price@') ? findMetric('price@USD') : metric));

describe('every metric', () => {
  it.each(metrics)('$name: a number within its range or missing, the same each time, whatever the text', (metric) => {
    fc.assert(
      fc.property(scored, (drawn) => {
        const first = metric.score(made(drawn));
        expectWithin(metric, first);
        expect(metric.score(made(drawn))).toBe(first);
      }),
      SEEDED,
    );
  });

  it.each(metrics)('$name: very long answers, passages and chunks', (metric) => {
    const long = {
      latin: 'net sales rose 12 % '.repeat(200),
      han: '营业收入增长了，'.repeat(400),
      emoji: '👩‍👩‍👧'.repeat(400),
    };
    for (const output of [...Object.values(long), '{"a":'.repeat(400), '[1,'.repeat(2000)]) {
      for (const goldContext of Object.values(long)) {
        const retrieved = chunks(goldContext.slice(0, 900), output.slice(0, 900));
        const answers = [goldContext.slice(0, 1500), '12'];
        expectWithin(
          metric,
          metric.score(item({ output, answers, goldContext, context: goldContext, retrieved, goldChunks: 2 })),
        );
      }
    }
  });

  it.each(metrics)('$name: nothing is known, nothing is said', (metric) => {
    expect(metric.score(item({ output: null, retrieved: null }))).toBeNull();
  });
});

/** Words that every way of cutting text keeps. */
const word = fc.constantFrom('net', 'sales', 'rose', '12', '2019', 'Bergen', '营业收入', '增长', '范廷颂', '主教');
const words = fc.array(word, { minLength: 1, maxLength: 6 }).map((all) => all.join(' '));
const RIGHT = ['exact', 'contains', 'mentions', 'token-f1', 'squad-em', 'squad-f1', 'cmrc-em', 'cmrc-f1', 'chrf'];

describe('answers', () => {
  it.each(RIGHT)('%s: the right answer scores most', (name) => {
    fc.assert(
      fc.property(words, (answer) => {
        expect(score(name, { output: answer, answers: [answer] })).toBeCloseTo(findMetric(name).range[1], 12);
      }),
      SEEDED,
    );
  });

  it.each(['contains', 'mentions', 'token-f1', 'squad-em', 'squad-f1', 'cmrc-em', 'cmrc-f1', 'field-f1'])(
    '%s: one more right answer never lowers it, whatever their order',
    (name) => {
      fc.assert(
        fc.property(text, text, text, (output, a, b) => {
          const one = score(name, { output, answers: [a] }) ?? 0;
          const both = score(name, { output, answers: [a, b] }) ?? 0;
          expect(both).toBeGreaterThanOrEqual(one);
          expect(score(name, { output, answers: [b, a] }) ?? 0).toBe(both);
        }),
        SEEDED,
      );
    },
  );

  it.each(['token-f1', 'squad-f1', 'cmrc-f1', 'field-f1'])('%s: the same both ways round', (name) => {
    const side = fc.oneof(words, fc.json({ maxDepth: 2 }));
    fc.assert(
      fc.property(side, side, (a, b) => {
        const [there, back] = [score(name, { output: a, answers: [b] }), score(name, { output: b, answers: [a] })];
        // Where only one of them is JSON there is nothing to compare with on the other side.
        if (there === null || back === null) return;
        expect(there).toBeCloseTo(back, 12);
      }),
      SEEDED,
    );
  });

  it('cosine: the same both ways round, 1 with itself', () => {
    const cosine = (a: Float32Array, b: Float32Array) =>
      score('cosine@EMBEDDER', { output: 'x', vectors: { EMBEDDER: { output: a, answer: b } } });
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(cosine(a, b)).toBeCloseTo(cosine(b, a) ?? Number.NaN, 12);
        if (a.some((one) => Math.abs(one) > 1e-3)) expect(cosine(a, a)).toBeCloseTo(1, 6);
      }),
      SEEDED,
    );
  });

  it.each(['exact', 'contains', 'mentions', 'token-f1', 'squad-f1', 'json-parse', 'field-f1', 'no-answer'])(
    '%s: white space around an answer changes nothing',
    (name) => {
      fc.assert(
        fc.property(fc.oneof(words, fc.json()), fc.constantFrom(' ', '\n', '\t  \n'), (output, space) => {
          const answers = [output];
          expect(score(name, { output: `${space}${output}${space}`, answers })).toBe(score(name, { output, answers }));
        }),
        SEEDED,
      );
    },
  );

  it.each([
    ['8', '18', 0],
    ['8', '8.5', 0],
    ['800', '1,800', 0],
    ['8', 'It has 8.', 1],
    ['8', '８条腿', 1],
    ['cat', 'concatenate', 0],
    ['cat', 'a Cat, of course', 1],
    ['小', '“大”的反义词是小', 1],
    ['12', '12个月', 1],
    ['H₂O', 'It is H2O.', 1],
    ['', 'anything', 0],
    ['八', '十八', 1],
  ])('mentions: %j in %j → %d', (answer, output, wanted) => {
    expect(score('mentions', { output, answers: [answer] })).toBe(wanted);
  });

  it('JSON that is equal scores most, whatever its order and spacing', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(fc.integer(), words, fc.array(words))),
        (value) => {
          const turned = JSON.stringify(Object.fromEntries(Object.entries(value).reverse()), null, 2);
          const over = { output: turned, answers: [JSON.stringify(value)] };
          expect(score('field-f1', over)).toBe(1);
          expect([0, null]).toContain(score('invented-fields', over));
          expect(score('json-parse', over)).toBe(1);
        },
      ),
      SEEDED,
    );
  });
});

describe('retrieval', () => {
  it('looking deeper never finds less; the reciprocal rank is at most a hit', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('gold', 'other', ''), { maxLength: 8 }), (found) => {
        const over = { goldContext: 'gold passage', retrieved: chunks(...found), topK: 8, goldChunks: 8 };
        const hits = [1, 3, 5, 10].map((k) => score(`hit@${k}`, over) ?? 0);
        expect(hits).toEqual([...hits].sort());
        expect(score('mrr@10', over) ?? 0).toBeLessThanOrEqual(hits.at(-1) ?? 0);
      }),
      SEEDED,
    );
  });
});
