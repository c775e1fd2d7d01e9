import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openDataset } from '../../../src/datasets/open.ts';
import { splitDataset } from '../../../src/datasets/split.ts';
import type { QaRow } from '../../../src/datasets/types.ts';
import { publishRows } from './doctor-support.ts';
import { DatasetWorkspace } from './workspace.ts';

const workspace = new DatasetWorkspace();
const { paths } = workspace;
afterAll(() => workspace.remove());

/** Fifty contexts of two questions; every fifth answer is a number; ten documents; 0 and 1 nearly the same. */
const rows = Array.from({ length: 100 }, (_, at): QaRow => {
  const of = at >> 1;
  const place =
    of < 2
      ? `the old mill by the river, which ${['was', 'has'][of]} stood there`
      : `place number ${of} of many, which was founded`;
  return {
    id: `q${at}`,
    contextId: `c${of}`,
    context: `This is told of ${place} for as long as anybody in the valley is able to remember, and it is all that is told.`,
    question: `What is told, ${at}?`,
    answers: [at % 5 === 0 ? `${at + 1000}` : 'a long story'],
    metadata: { title: `book ${of % 10}` },
  };
});

const numbers = (name: string, part: string) => openDataset(paths, name).rowNumbers(part);
const contexts = (all: readonly number[]) => new Set(all.map((at) => rows[at]?.contextId));

test('by context nothing is shared; by chance rows are, and the split says how many', async () => {
  await publishRows(paths, 'plain', 'qa', rows);
  const grouped = await splitDataset(paths, 'plain', { method: 'context', test: 20, dev: 10 });
  expect(grouped.split.parts.map(({ rows: count, sharedWithTrain }) => [count, sharedWithTrain])).toEqual([
    [20, 0],
    [10, 0],
    [70, 0],
  ]);
  const { split } = await splitDataset(paths, 'plain', { method: 'random', test: 20, seed: 5 });
  const train = contexts(numbers('plain', 'random/train'));
  const shared = numbers('plain', 'random/test').filter((at) => train.has(rows[at]?.contextId));
  expect(shared.length).toBeGreaterThan(0);
  expect(split.parts[0]).toEqual({ name: 'test', rows: 20, sharedWithTrain: shared.length });
});

test('near: contexts that hardly differ stay together at any seed; by context they are parted at some', async () => {
  await publishRows(paths, 'near', 'qa', rows);
  const apart = async (group: string) => {
    let parted = 0;
    for (let seed = 0; seed < 12; seed++) {
      await splitDataset(paths, 'near', { method: 'context', group, test: 40, seed, name: 'try' });
      const tested = contexts(numbers('near', 'try/test'));
      if (tested.has('c0') !== tested.has('c1')) parted++;
    }
    return parted;
  };
  expect(await apart('near')).toBe(0);
  expect(await apart('context')).toBeGreaterThan(0);
});

test('a field of the metadata holds its rows together', async () => {
  await publishRows(paths, 'books', 'qa', rows);
  await splitDataset(paths, 'books', { method: 'context', group: 'field:title', test: 30 });
  const titles = (part: string) => new Set(numbers('books', part).map((at) => rows[at]?.metadata['title']));
  const train = titles('train');
  expect([...titles('test')].filter((title) => train.has(title))).toEqual([]);
  await expect(splitDataset(paths, 'books', { method: 'context', group: 'field:isbn' })).rejects.toMatchObject({
    code: 'usage',
  });
});

test('stratified: every part has the same share of numbers, and contexts stay whole', async () => {
  await publishRows(paths, 'strata', 'qa', rows);
  const { split } = await splitDataset(paths, 'strata', { method: 'stratified', group: 'none', test: 20, dev: 10 });
  expect(split.strata).toEqual({
    number: { test: 4, dev: 2, train: 14 },
    phrase: { test: 16, dev: 8, train: 56 },
  });
  const whole = await splitDataset(paths, 'strata', { method: 'stratified', test: 20, name: 'whole' });
  expect(whole.split.parts.map(({ rows: count, sharedWithTrain }) => [count, sharedWithTrain])).toEqual([
    [20, 0],
    [80, 0],
  ]);
});

test.each([
  [{ method: 'random', group: 'context' } as const, 'usage'],
  [{ method: 'context', group: 'none' } as const, 'usage'],
  [{ method: 'context', by: 'language' } as const, 'usage'],
  [{ method: 'stratified', by: 'colour' } as const, 'usage'],
  [{ method: 'context', test: 0.5, dev: 0.5 } as const, 'usage'],
  [{ method: 'context', test: 1 } as const, 'invalid'],
])('%j is refused', async (options, code) => {
  await publishRows(paths, 'refused', 'qa', rows);
  await expect(splitDataset(paths, 'refused', options)).rejects.toMatchObject({ code });
});

test('conversations are split too: the same prompt stays in one part', async () => {
  const sft = rows.map(({ id, question }, at) => ({
    form: 'alpaca' as const,
    id,
    history: [],
    instruction: at % 2 === 0 ? question : `What is told, ${at - 1}?`,
    input: '',
    output: `${at}`,
  }));
  await publishRows(paths, 'talk', 'sft', sft);
  const { split } = await splitDataset(paths, 'talk', { method: 'context', test: 20 });
  expect(split.parts[0]).toEqual({ name: 'test', rows: 20, sharedWithTrain: 0 });
});

test('a split that a training used is frozen: other rows are refused with its name, the same rows are not', async () => {
  await publishRows(paths, 'used', 'qa', rows);
  await splitDataset(paths, 'used', { method: 'context', test: 20 });
  const id = '20991123-061530-train-llm-4f2a';
  const work = {
    kind: 'train-llm',
    dataset: 'used',
    split: 'context/train',
    base: 'b',
    name: 'n',
    preset: 'cpu',
    settings: {},
    seed: 1,
  };
  mkdirSync(path.join(paths.jobs, id), { recursive: true });
  const spec = { version: 1, id, name: 'n', createdAt: '2099-11-23T06:15:30.000Z', work };
  writeFileSync(path.join(paths.jobs, id, 'spec.json'), JSON.stringify(spec));
  await splitDataset(paths, 'used', { method: 'context', test: 20 });
  await expect(splitDataset(paths, 'used', { method: 'context', test: 30 })).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining(id),
  });
  await splitDataset(paths, 'used', { method: 'context', test: 30, name: 'other' });
  expect(openDataset(paths, 'used').manifest.splits.map(({ name }) => name)).toEqual(['context', 'other']);
});
