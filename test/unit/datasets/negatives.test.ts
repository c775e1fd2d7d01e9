import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { type NegativeSource, NO_AUDIT, USUAL_AUDIT } from '../../../src/datasets/making/types.ts';
import { AnswerCounts, textReasons } from '../../../src/datasets/negatives/audit.ts';
import { Bm25Index } from '../../../src/datasets/negatives/bm25.ts';
import { Difficulty } from '../../../src/datasets/negatives/difficulty.ts';
import { type Finder, type MiningPlan, mineNegatives } from '../../../src/datasets/negatives/mine.ts';
import { readRows } from '../../../src/datasets/negatives/pool.ts';
import {
  dropFalseNegatives,
  estimateFalseNegatives,
  recordLabel,
  sampleForReview,
  shareOf,
} from '../../../src/datasets/negatives/review.ts';
import { parseMargin, parseRanks, parseSource } from '../../../src/datasets/negatives/sources.ts';
import { VectorCache } from '../../../src/datasets/negatives/vector-cache.ts';
import { yesOrNo } from '../../../src/datasets/negatives/votes.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { all, DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(() => workspace.remove());

/** Rows of the financial format: question, answer, context. */
async function qa(rows: readonly (readonly [string, string, string])[]) {
  const quoted = rows.map((row) => row.map((cell) => `"${cell}"`).join(','));
  const file = workspace.file('qa.csv', `question,answer,context\n${quoted.join('\n')}\n`);
  await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'qa' });
  return openDataset(workspace.paths, 'qa');
}

async function retrieval(rows: readonly { query: string; pos: string[]; neg: string[] }[]) {
  const file = workspace.file('r.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  await importDataset(workspace.paths, file, { format: 'retrieval', name: 'r' });
  return openDataset(workspace.paths, 'r');
}

const PLAN: MiningPlan = {
  sources: [],
  finders: [],
  seed: 1,
  margin: null,
  fill: false,
  audit: NO_AUDIT,
  measure: null,
  measuredBy: null,
  votes: [],
  instruction: '',
  concurrency: 1,
};

/** Finds the pool's places in this order, with scores going down by 0.1 from 1; a positive scores 0.85. */
const inOrder = (places: readonly number[]): Finder => ({
  find: async (_, limit) => places.slice(0, limit).map((at, rank) => ({ at, score: 1 - rank / 10 })),
  scoreOf: () => 0.85,
});

describe('BM25', () => {
  // By hand: N = 3, lengths 3, 2, 4, mean 3, k1 = 1.2, b = 0.75.
  const index = new Bm25Index(['ant ant bee', 'bee cat', 'cat cat cat dog']);

  test('scores of the textbook formula', () => {
    expect(index.search('ant', 5)).toEqual([{ at: 0, score: expect.closeTo(1.34864, 5) }]);
    expect(index.search('cat', 5)).toEqual([
      { at: 2, score: expect.closeTo(0.689339, 5) },
      { at: 1, score: expect.closeTo(0.544215, 5) },
    ]);
    expect(index.search('zebra', 5)).toEqual([]);
  });

  test('a search leaves nothing behind for the next, and a text outside is scored the same way', () => {
    const first = index.search('cat dog', 5);
    expect(index.search('cat dog', 5)).toEqual(first);
    expect(index.scoreOf('cat', 'bee cat')).toBeCloseTo(0.544215, 5);
    expect(index.scoreOf('ant', 'bee cat')).toBe(0);
  });

  test('Chinese by pairs of characters', () => {
    expect(new Bm25Index(['茶厂创办于一九五二年', '观鸟台']).search('茶厂', 5).map(({ at }) => at)).toEqual([0]);
  });
});

describe('mining', () => {
  const ROWS = [
    ['Who?', 'Ann', 'Ann sat here.'],
    ['Where?', 'York', 'It is in York.'],
    ['When?', 'noon', 'The bell rings at noon.'],
    ['What?', 'tea', 'They drink tea.'],
  ] as const;

  async function mined(over: Partial<MiningPlan>) {
    const { rows, pool } = await readRows(await qa(ROWS), undefined, undefined);
    return { pool, all: await all(mineNegatives(rows, pool, { ...PLAN, ...over })) };
  }
  const source: Extract<NegativeSource, { from: 'bm25' }> = { from: 'bm25', count: 1, ranks: [1, 3], choose: 'top' };

  test('ranks count among what is not the row’s own; the window and the count are kept to', async () => {
    const { all: rows } = await mined({
      sources: [{ ...source, count: 2, ranks: [2, 3] }],
      finders: [inOrder([0, 1, 2, 3])],
    });
    // Row 0's own text has rank 1 in the search: without it, 1, 2, 3 are left, and the window takes 2 and 3.
    expect(rows[0]?.row?.neg).toEqual(['The bell rings at noon.', 'They drink tea.']);
    expect(rows[0]?.mined.negatives.map(({ rank, from }) => [from, rank])).toEqual([
      ['bm25', 2],
      ['bm25', 3],
    ]);
    // Row 1's own text is the second hit.
    expect(rows[1]?.row?.neg).toEqual(['The bell rings at noon.', 'They drink tea.']);
  });

  test('an absolute and a relative margin to the positive', async () => {
    const embedder: NegativeSource = { from: 'embedder', embedder: 'e', count: 3, ranks: [1, 3], choose: 'top' };
    const finders = [inOrder([1, 2, 3])];
    // Scores 1.0, 0.9, 0.8 against a positive of 0.85.
    const absolute = await mined({ sources: [embedder], finders, margin: { kind: 'absolute', value: 0.02 } });
    expect(absolute.all[0]?.row?.neg).toEqual(['They drink tea.']);
    expect(absolute.all[0]?.quarantined.map(({ reasons }) => reasons[0]?.rule)).toEqual(['margin', 'margin']);
    const share = await mined({ sources: [embedder], finders, margin: { kind: 'share', value: 0.5 } });
    expect(share.all[0]?.row).toBeNull();
    expect(share.all[0]?.short).toBe(3);
  });

  test('what a source cannot give is filled up at random, never with the own text', async () => {
    const { all: rows } = await mined({ sources: [{ ...source, count: 3 }], finders: [inOrder([1])], fill: true });
    for (const { row, mined: origins } of rows) {
      expect(new Set(row?.neg).size).toBe(3);
      expect(row?.neg).not.toContain(row?.pos[0]);
      expect(origins.negatives.some(({ from }) => from === 'fill')).toBe(true);
    }
  });

  test('sources do not give the same passage twice', async () => {
    const { all: rows } = await mined({
      sources: [source, source],
      finders: [inOrder([1, 2, 3]), inOrder([1, 2, 3])],
    });
    expect(rows[0]?.row?.neg).toEqual(['It is in York.', 'The bell rings at noon.']);
  });

  test('the seed decides, not the concurrency', async () => {
    const sampled: Partial<MiningPlan> = {
      sources: [
        { ...source, count: 2, choose: 'sample' },
        { from: 'random', count: 1 },
      ],
      finders: [inOrder([0, 1, 2, 3])],
    };
    const one = await mined(sampled);
    const four = await mined({ ...sampled, concurrency: 4 });
    expect(four.all).toEqual(one.all);
    const seeds = await Promise.all([2, 3, 4, 5].map((seed) => mined({ ...sampled, seed })));
    expect(seeds.some(({ all: other }) => JSON.stringify(other) !== JSON.stringify(one.all))).toBe(true);
  });

  test('a vote sets a negative apart and the next one takes its place', async () => {
    const { all: rows } = await mined({
      sources: [source],
      finders: [inOrder([1, 2, 3])],
      votes: [async (_, passage) => (passage.includes('York') ? { rule: 'judge', detail: 'yes' } : undefined)],
    });
    expect(rows[0]?.row?.neg).toEqual(['The bell rings at noon.']);
    expect(rows[0]?.quarantined).toMatchObject([{ text: 'It is in York.', reasons: [{ rule: 'judge' }] }]);
  });

  test('existing negatives are audited: a positive of the same question in another row is one', async () => {
    const dataset = await retrieval([
      { query: 'Who sat here?', pos: ['Ann sat here.'], neg: ['Bob sat here.', 'They drink tea.'] },
      { query: 'Who sat here?', pos: ['Bob sat here.'], neg: ['It is in York.'] },
    ]);
    const { rows, pool } = await readRows(dataset, undefined, undefined);
    const result = await all(
      mineNegatives(rows, pool, { ...PLAN, sources: [{ from: 'existing' }], finders: [undefined], audit: USUAL_AUDIT }),
    );
    expect(result[0]?.row?.neg).toEqual(['They drink tea.']);
    expect(result[0]?.quarantined[0]?.reasons[0]?.rule).toBe('same-text');
    expect(result[1]?.row?.neg).toEqual(['It is in York.']);
  });
});

describe('audit of a text', () => {
  const long = 'The observatory on Larkspur Hill was founded in 1908 by the clockmaker Edwin Harrow of Ashby Vale.';
  const row = { positives: [long], answers: ['Edwin Harrow'] };
  const rules = (passage: string, texts: readonly string[] = [passage]) =>
    textReasons(USUAL_AUDIT, row, passage, new AnswerCounts(texts)).map(({ rule }) => rule);

  test('same text apart from width and case, near-duplicates, parts, answers', () => {
    expect(rules(`  ${long.toUpperCase()} `)).toEqual(['same-text', 'answer']);
    expect(rules(long.replace('clockmaker', 'clock maker'))).toEqual(['near-duplicate', 'answer']);
    expect(rules('The observatory on Larkspur Hill was founded in 1908')).toEqual(['contains']);
    expect(rules('A portrait of Edwin Harrow hangs in the hall.')).toEqual(['answer']);
    expect(rules('Edwin Harrowby kept bees.')).toEqual([]);
    expect(rules('The tide turns at six.')).toEqual([]);
  });

  test('an answer in many passages says nothing about one of them, and a short one neither', () => {
    const common = Array.from({ length: 400 }, (_, at) => (at < 5 ? `Edwin Harrow ${at}` : `other ${at}`));
    expect(rules('A portrait of Edwin Harrow.', common)).toEqual([]);
    const short = { positives: [long], answers: ['12'] };
    expect(textReasons(USUAL_AUDIT, short, 'There are 12 trees.', new AnswerCounts([]))).toEqual([]);
  });

  test('Chinese answers are found inside words', () => {
    const chinese = { positives: ['云岭茶厂创办于一九五二年。'], answers: ['一九五二年'] };
    const passage = '该厂自一九五二年起生产绿茶。';
    expect(textReasons(USUAL_AUDIT, chinese, passage, new AnswerCounts([passage]))).toMatchObject([{ rule: 'answer' }]);
  });
});

test('difficulty: the share of negatives above their positive', () => {
  const difficulty = new Difficulty();
  const negative = (measured: number) => ({ from: 'e', rank: 1, score: null, measured });
  difficulty.add({ positive: 0.8, negatives: [negative(0.9), negative(0.6)] }, 0.1);
  difficulty.add({ positive: 0.5, negatives: [negative(0.4), negative(0.3)] }, 0.6);
  expect(difficulty.counts()).toEqual({
    'share above the positive': 0.25,
    'share above the positive, by chance': 0.5,
  });
  expect(difficulty.notes('e')[0]).toContain('25.0 % of 4 score above the positive (0.100 below it on average)');
});

test('sources, windows and margins as the command line writes them', () => {
  const defaults = { ranks: [2, 200], choose: 'sample' } as const;
  expect(parseSource('random:2', defaults)).toEqual({ from: 'random', count: 2 });
  expect(parseSource('bm25:4@1-50', defaults)).toEqual({ from: 'bm25', count: 4, ranks: [1, 50], choose: 'sample' });
  expect(parseSource('bge-small-en-v1.5-int8:3', defaults)).toMatchObject({
    from: 'embedder',
    embedder: 'bge-small-en-v1.5-int8',
    ranks: [2, 200],
  });
  expect(() => parseSource('bm25:0', defaults)).toThrow(/no source/);
  expect(() => parseSource('bm25:4@50-2', defaults)).toThrow(/first rank/);
  expect(parseRanks('2-200')).toEqual([2, 200]);
  expect(() => parseRanks('0-5')).toThrow(/window/);
  expect(parseMargin('0.05')).toEqual({ kind: 'absolute', value: 0.05 });
  expect(parseMargin('95%')).toEqual({ kind: 'share', value: 0.95 });
  expect(() => parseMargin('close')).toThrow(/margin/);
});

test('a judge’s first yes or no, in both languages', () => {
  expect(['Yes, it does.', 'No.', '是', '否。', '不能', 'perhaps'].map(yesOrNo)).toEqual([1, 0, 1, 0, 0, null]);
});

test('vectors on disk: found again, and a record that a kill cut is dropped', async () => {
  const embedder = { fingerprint: 'f'.repeat(32), dimension: 3 };
  const { signal } = new AbortController();
  const first = await VectorCache.open(workspace.paths, embedder, signal);
  first.add(['one', 'two'], [Float32Array.of(1, 0, 0), Float32Array.of(0, 0.5, 0)]);
  first.close();
  const file = path.join(workspace.paths.datasets, '.vectors', `${embedder.fingerprint}.vec`);
  appendFileSync(file, Buffer.from('torn'));
  const second = await VectorCache.open(workspace.paths, embedder, signal);
  expect([second.has('one'), second.has('three')]).toEqual([true, false]);
  second.add(['three'], [Float32Array.of(0, 0, 0.25)]);
  second.close();
  const third = await VectorCache.open(workspace.paths, embedder, signal);
  expect([...(third.get('two') ?? [])]).toEqual([0, 0.5, 0]);
  expect([...(third.get('three') ?? [])]).toEqual([0, 0, 0.25]);
  third.close();
  expect(readFileSync(file).length).toBe(3 * (16 + 12));
});

describe('review', () => {
  const rows = Array.from({ length: 40 }, (_, at) => ({
    query: `question ${at}`,
    pos: [`right ${at}`],
    neg: Array.from({ length: 1 + (at % 3) }, (_, one) => `wrong ${at}.${one}`),
  }));

  test('the sample has every negative once, in an order of the seed; a smaller one is its beginning', async () => {
    await retrieval(rows);
    const total = rows.reduce((sum, { neg }) => sum + neg.length, 0);
    const whole = await sampleForReview(workspace.paths, 'r', { size: 1000, seed: 7 });
    expect(new Set(whole.map(({ text }) => text))).toEqual(new Set(rows.flatMap(({ neg }) => neg)));
    expect(whole).toHaveLength(total);
    const small = await sampleForReview(workspace.paths, 'r', { size: 5, seed: 7 });
    expect(small).toEqual(whole.slice(0, 5));
    expect(small.every(({ row, negative, text }) => text === `wrong ${row}.${negative}`)).toBe(true);
  });

  test('labels: the last word counts, unsure ones count for nothing, false ones can be dropped', async () => {
    await retrieval(rows);
    const [first, second, third] = await sampleForReview(workspace.paths, 'r', { size: 3, seed: 7 });
    if (!first || !second || !third) throw new Error('no sample');
    recordLabel(workspace.paths, 'r', { ...first, label: 'negative' });
    recordLabel(workspace.paths, 'r', { ...first, label: 'false-negative' });
    recordLabel(workspace.paths, 'r', { ...second, label: 'negative' });
    recordLabel(workspace.paths, 'r', { ...third, label: 'unsure' });
    const estimate = await estimateFalseNegatives(workspace.paths, 'r');
    expect(estimate).toMatchObject({ labelled: 2, falseNegatives: 1, unsure: 1, share: 0.5 });
    expect(() => recordLabel(workspace.paths, 'r', { row: 0, negative: 9, label: 'negative' })).toThrow(/no negative/);

    const { dropped, manifest } = await dropFalseNegatives(workspace.paths, 'r', new AbortController().signal);
    expect(dropped).toBe(1);
    const dataset = openDataset(workspace.paths, 'r');
    if (dataset.kind !== 'retrieval') throw new Error('kind');
    const left = (await all(dataset.rows())).flatMap(({ neg }) => neg);
    expect(left).not.toContain(first.text);
    expect(left).toContain(second.text);
    expect(manifest.lineage.steps.at(-1)).toMatchObject({ name: 'review', parameters: { dropped: 1 } });
  });

  test('Wilson’s interval for a finite population, against values of another program', () => {
    // n = 50 of N = 1000: 50 · 999 / 950 = 52.58 labels' worth.
    const { share, low, high } = shareOf(5, 50, 1000);
    expect([share, low, high]).toEqual([0.1, expect.closeTo(0.0443521, 6), expect.closeTo(0.2101169, 6)]);
    expect(shareOf(5, 50, 50)).toEqual({ share: 0.1, low: 0.1, high: 0.1 });
    expect(shareOf(0, 0, 50)).toEqual({ share: null, low: 0, high: 1 });
  });
});
