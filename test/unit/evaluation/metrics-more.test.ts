import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GoldChunks } from '../../../src/evaluation/gold-chunks.ts';
import { isNoAnswer } from '../../../src/evaluation/metrics/no-answer.ts';
import { findMetric, METRIC_NAMES } from '../../../src/evaluation/metrics/registry.ts';
import type { ScoredItem } from '../../../src/evaluation/metrics/types.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { chunks, item } from './scored-item.ts';

/** Made by scripts/reference/metrics_more.py with rouge-score, sacrebleu and pytrec_eval. */
const reference = z
  .object({
    answers: z.array(
      z.object({
        output: z.string(),
        answers: z.array(z.string()),
        'rouge-l': z.number(),
        chrf: z.number(),
        'squad-em': z.number(),
      }),
    ),
    rankings: z.array(
      z.looseObject({ shown: z.number(), relevant: z.array(z.number()), gold: z.number() }).catchall(z.unknown()),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'reference', 'metrics', 'more.json'), 'utf8')));

const score = (name: string, over: Partial<ScoredItem>) => findMetric(name).score(item(over));

describe('answer metrics equal their references', () => {
  it.each(reference.answers)('$output against $answers', ({ output, answers, ...expected }) => {
    expect(score('squad-em', { output, answers })).toBe(expected['squad-em']);
    expect(score('rouge-l', { output, answers })).toBe(expected['rouge-l']);
    // The reference counts in percent: the last bit is that of its multiplication.
    expect(score('chrf', { output, answers })).toBeCloseTo(expected.chrf, 14);
  });

  it('squad-f1 is token-f1 where no Chinese or Japanese is', () => {
    for (const { output, answers } of reference.answers.filter(({ output, answers }) =>
      /^[\p{ASCII}é-ï]*$/u.test([output, ...answers].join('')),
    )) {
      expect(score('squad-f1', { output, answers })).toBe(score('token-f1', { output, answers }));
    }
    expect(score('squad-f1', { output: '他于1963年', answers: ['1963年'] })).toBe(0);
  });
});

describe('recall@k and ndcg@k equal pytrec_eval', () => {
  it.each(reference.rankings)('$relevant of $gold in $shown', (expected) => {
    const { shown, relevant, gold } = expected;
    const retrieved = Array.from({ length: shown }, (_, at) => ({
      text: `chunk ${at}`,
      document: relevant.includes(at + 1) ? 'kb.jsonl#c1' : 'kb.jsonl#c2',
    }));
    for (const k of [3, 5, 10]) {
      for (const family of ['recall', 'ndcg']) {
        const value = score(`${family}@${k}`, { retrieved, goldChunks: gold });
        expect([family, k, value]).toEqual([family, k, expect.closeTo(Number(expected[`${family}@${k}`]), 12)]);
      }
    }
  });

  it('are unknown, not zero, where nobody counted the chunks', () => {
    for (const name of ['recall@5', 'ndcg@5']) {
      expect(score(name, { retrieved: chunks('x') })).toBeNull();
      expect(score(name, { retrieved: chunks('x'), goldChunks: 0 })).toBeNull();
      expect(score(name, { retrieved: null, goldChunks: 2 })).toBeNull();
    }
  });
});

it('counts the chunks of a context once, by the key of its document and the node group', async () => {
  const asked: string[] = [];
  const kb = {
    call: async (method: string, params: unknown) => {
      asked.push(`${method} ${JSON.stringify(params)}`);
      if (method === 'kb.chunks') return { total: 7, chunks: [] };
      const names = ['a.jsonl#c12', 'a.jsonl#c1'];
      return { total: 2, documents: names.map((name, id) => ({ id, name })) };
    },
  };
  const gold = new GoldChunks(kb as never, 'base');
  const { signal } = new AbortController();
  expect(await gold.count('c1', 'sentence', signal)).toBe(7);
  expect(await gold.count('c1', 'sentence', signal)).toBe(7);
  expect(await gold.count('c3', undefined, signal)).toBeNull();
  expect(await gold.count('', undefined, signal)).toBeNull();
  expect(asked).toEqual([
    expect.stringContaining('"filter":"#c1"'),
    expect.stringMatching(/^kb\.chunks .*"documentId":1.*"group":"sentence"/),
    expect.stringContaining('"filter":"#c3"'),
  ]);
});

describe('contains, copied-run, origin-char', () => {
  const context = '他于1963年被任为主教；Net sales rose 12%.';
  it.each([
    ['1963年', ['1963年'], 1, 1, 1],
    ['答案是１９６３年。', ['1963年'], 1, 5 / 9, 0],
    ['NET SALES rose 12 %', ['net sales rose 12'], 1, 7 / 15, 0],
    ['rose, net sales', ['net sales rose'], 0, 7 / 13, 0],
    ['', ['1963年'], 0, 0, 1],
  ])('%s', (output, answers, contains, copied, origin) => {
    expect(score('contains', { output, answers, context })).toBe(contains);
    expect(score('copied-run', { output, answers, context })).toBeCloseTo(copied, 12);
    expect(score('origin-char', { output, answers, context })).toBe(origin);
  });

  it('an empty right answer is contained in nothing', () => {
    expect(score('contains', { output: 'x', answers: [''] })).toBe(0);
  });
});

describe('no-answer', () => {
  it.each([
    '',
    ' \n',
    "I don't know.",
    'I’m sorry, but the passage does not say.',
    'The provided context does not mention the CEO.',
    'There is no information about this.',
    'Not mentioned',
    '不知道',
    '抱歉，我无法回答这个问题。',
    '文中没有提及该信息。',
    '根据已知文段，无法确定。',
  ])('%j', (output) => expect(isNoAnswer(output)).toBe(true));
  it.each([
    'No. 5 is the answer',
    'None of the directors resigned in 2019',
    'The company does not know the amount of future claims',
    '无锡',
    '没有人受伤，但两辆车被毁',
    '不能超过30天',
  ])('%j', (output) => expect(isNoAnswer(output)).toBe(false));

  it('is better when lower', () => expect(findMetric('no-answer').direction).toBe('lower'));
});

describe('where the answer and the passage stand in the chunks', () => {
  const goldContext = 'Alder was founded in 1237. Its people live by salt.';
  it('answer-hit: whole in one chunk, not cut apart', () => {
    const answers = ['founded in 1237'];
    const hit = (...texts: string[]) => score('answer-hit@2', { goldContext, answers, retrieved: chunks(...texts) });
    expect(hit('x', 'It was FOUNDED  in 1237, they say')).toBe(1);
    expect(hit('Alder was founded', 'in 1237.')).toBe(0);
    expect(hit('x', 'y', 'founded in 1237')).toBe(0);
    // An answer in other words can be found nowhere.
    expect(score('answer-hit@2', { goldContext, answers: ['in the 13th century'], retrieved: chunks('x') })).toBeNull();
  });

  it('span-recall: characters of the passage covered, each once', () => {
    const passage = 'abcde fghij';
    const recall = (...texts: string[]) =>
      score('span-recall@3', { goldContext: passage, retrieved: chunks(...texts) });
    expect(recall('abc', 'cd', 'zzz')).toBeCloseTo(4 / 10, 12);
    expect(recall('abcde', 'fg hij')).toBe(1);
    expect(recall('before abcde fghij after')).toBe(1);
    expect(recall('x', 'y', 'z', 'abcde')).toBe(0);
  });

  it('context-recall-binary: one similar chunk is enough', () => {
    const retrieved = chunks('unlike', goldContext);
    expect(score('context-recall-binary', { goldContext, retrieved, topK: 2 })).toBe(1);
    expect(score('context-recall-binary', { goldContext, retrieved, topK: 1 })).toBe(0);
  });
});

describe('every metric', () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', 'the', ' ', '年', '月', '。', '.', '3', 'é', '😀', '\n'),
    maxLength: 14,
  });
  const names = METRIC_NAMES.filter((name) => !/@[A-Z]/.test(name));

  it.each(names)('%s keeps within its range and says what it is blind to', (name) => {
    const metric = findMetric(name);
    expect(metric.blindTo).toMatch(/\.$/);
    const [low, high] = metric.range;
    fc.assert(
      fc.property(
        texts,
        fc.array(texts, { minLength: 1, maxLength: 3 }),
        texts,
        fc.array(texts, { maxLength: 4 }),
        (output, answers, context, found) => {
          const value = metric.score(
            item({ output, answers, context, goldContext: context, retrieved: chunks(...found), goldChunks: 2 }),
          );
          if (value === null) return;
          expect(value).toBeGreaterThanOrEqual(low);
          expect(value).toBeLessThanOrEqual(high);
          if (metric.binary) expect([0, 1]).toContain(value);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each(['rouge-l', 'squad-f1', 'token-f1', 'squad-em', 'exact', 'contains'])(
    '%s: a right answer scores 1',
    (name) => {
      expect(score(name, { output: 'Net sales 12', answers: ['other', 'Net sales 12'].reverse() })).toBe(1);
    },
  );
});
