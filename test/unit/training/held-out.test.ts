import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/datasets/open.ts';
import type { QaRow, RetrievalRow } from '../../../src/datasets/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { heldOutPart, heldOutSet, leaksOf } from '../../../src/training/held-out.ts';
import type { EmbedderTraining } from '../../../src/training/types.ts';
import { publishRows } from '../datasets/doctor-support.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-held-'));
const paths = workspacePaths(home, {});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const qa = (number: number, context: string, question = `What is ${number}?`): QaRow => ({
  id: `q${number}`,
  question,
  context,
  contextId: `c${context}`,
  answers: ['it'],
  metadata: {},
});
const training = (split: string, evalSplit?: string): EmbedderTraining => ({
  dataset: 'towns',
  split,
  base: 'b',
  name: 'n',
  preset: 'cpu',
  settings: {},
  seed: 1,
  ...(evalSplit === undefined ? {} : { embedder: { evalSplit } }),
});
const limits = { queries: 100, passages: 100 };

describe('the part that is searched while training', () => {
  it('is the held-out sibling: dev before test', async () => {
    const rows = [qa(0, 'a'), qa(1, 'b'), qa(2, 'c'), qa(3, 'd')];
    await publishRows(paths, 'three', 'qa', rows, { train: [0, 1], test: [2], dev: [3] });
    await publishRows(paths, 'two', 'qa', rows, { train: [0, 1], test: [2, 3] });
    await publishRows(paths, 'none', 'qa', rows);
    const [three, two, none] = ['three', 'two', 'none'].map((name) => openDataset(paths, name));
    if (!three || !two || !none) throw new Error('not there');
    const split = three.manifest.splits[0]?.name;
    expect(heldOutPart(three, training('train'))).toBe(`${split}/dev`);
    expect(heldOutPart(three, training('dev'))).toBe(`${split}/test`);
    expect(heldOutPart(three, training('train', 'test'))).toBe('test');
    expect(heldOutPart(two, training('train'))).toBe(`${split}/test`);
    expect(heldOutPart(two, training('train', 'none'))).toBeUndefined();
    expect(heldOutPart(two, training('all'))).toBeUndefined();
    expect(heldOutPart(none, training('all'))).toBeUndefined();
    expect(() => heldOutPart(two, training('train', `${split}/train`))).toThrow(/is trained on/);
    expect(() => heldOutPart(two, training('train', 'dev'))).toThrow(/no part "dev"/);
  });
});

describe('the held-out questions', () => {
  it('search the pool of all passages, each once, white space aside; the same question is one with all its positives', async () => {
    const rows: RetrievalRow[] = [
      { query: 'one', pos: ['A', 'B  b'], neg: ['C'] },
      { query: 'two', pos: ['B b'], neg: ['A', 'D'] },
      { query: 'one', pos: ['E'], neg: ['C', 'D'] },
    ];
    await publishRows(paths, 'mined', 'retrieval', rows);
    const set = await heldOutSet(openDataset(paths, 'mined'), 'all', { seed: 3, groupSize: 3, limits });
    expect(set.passages).toEqual(['A', 'B  b', 'C', 'D', 'E']);
    expect(set.of).toEqual({ queries: 2, passages: 5 });
    const byText = new Map(set.queries.map((query) => [query.text, query]));
    expect(byText.get('one')?.gold).toEqual([0, 1, 4]);
    expect([...(byText.get('one')?.neg ?? [])].sort()).toEqual([2, 3]);
    expect(byText.get('two')?.gold).toEqual([1]);
    expect([...(byText.get('two')?.neg ?? [])].sort()).toEqual([0, 3]);
  });

  it('of qa rows have negatives among the other contexts, never their own; the same seed gives the same', async () => {
    const rows = Array.from({ length: 12 }, (_, at) => qa(at, `context ${at % 6}`));
    await publishRows(paths, 'plain', 'qa', rows);
    const options = { seed: 5, groupSize: 4, limits };
    const set = await heldOutSet(openDataset(paths, 'plain'), 'all', options);
    expect(set.passages).toHaveLength(6);
    expect(set.queries).toHaveLength(12);
    for (const { gold, neg, text } of set.queries) {
      const number = Number(/\d+/.exec(text)?.[0]);
      expect(gold.map((place) => set.passages[place])).toEqual([`context ${number % 6}`]);
      expect(new Set(neg).size).toBe(3);
      expect(neg).not.toContain(gold[0]);
    }
    expect(await heldOutSet(openDataset(paths, 'plain'), 'all', options)).toEqual(set);
    // Not in the order of the file, where neighbours share a passage.
    expect(set.queries.map(({ text }) => text)).not.toEqual(rows.map(({ question }) => question));
  });

  it('over the limits are a sample that keeps the positives', async () => {
    const rows = Array.from({ length: 40 }, (_, at) => qa(at, `context ${at}`));
    await publishRows(paths, 'many', 'qa', rows);
    const set = await heldOutSet(openDataset(paths, 'many'), 'all', {
      seed: 5,
      groupSize: 2,
      limits: { queries: 8, passages: 20 },
    });
    expect(set.of).toEqual({ queries: 40, passages: 40 });
    expect(set.queries).toHaveLength(8);
    expect(set.passages).toHaveLength(20);
    for (const { gold, text } of set.queries) {
      expect(set.passages[gold[0] ?? -1]).toBe(`context ${/\d+/.exec(text)?.[0]}`);
    }
  });

  it('that are trained on are counted, by question and by passage', async () => {
    const rows = [qa(0, 'a'), qa(1, 'b'), qa(2, 'c')];
    await publishRows(paths, 'leaky', 'qa', rows);
    const set = await heldOutSet(openDataset(paths, 'leaky'), 'all', { seed: 1, groupSize: 2, limits });
    expect(leaksOf(set, [{ query: 'What  is 0?', pos: ['z'] }])).toEqual({ questions: 1, passages: 0 });
    expect(
      leaksOf(set, [
        { query: 'x', pos: ['b '] },
        { query: 'y', pos: ['z', 'c'] },
      ]),
    ).toEqual({ questions: 0, passages: 2 });
  });
});
