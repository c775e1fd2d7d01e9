import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { datasetSlug } from '../../../src/datasets/layout.ts';
import { openDataset, openQaDataset } from '../../../src/datasets/open.ts';
import { splitDataset } from '../../../src/datasets/split.ts';
import { deleteDataset, listDatasets } from '../../../src/datasets/store.ts';
import { all, DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(() => workspace.remove());

const csv = (...rows: string[]) => `question,answer,context\n${rows.join('\n')}\n`;
const put = (name: string, content: string) =>
  importDataset(workspace.paths, workspace.file('source.csv', content), { format: 'financial-qa', name });

test('rows lie as JSON lines under the hash of their bytes, private, and each is found by its number', async () => {
  const { manifest } = await put('My Set!', csv('一,甲,天,', 'b,2,second', 'c,3,third').replace('天,', '天'));
  const folder = path.join(workspace.paths.datasets, 'my-set', manifest.version);
  const bytes = readFileSync(path.join(folder, 'rows.jsonl'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(manifest).toMatchObject({ name: 'My Set!', version: `v-${sha256.slice(0, 12)}`, sha256, bytes: bytes.length });
  expect(manifest.lineage.source).toMatchObject({
    name: 'source.csv',
    sha256: createHash('sha256')
      .update(readFileSync(path.join(workspace.folder, 'source.csv')))
      .digest('hex'),
    format: 'financial-qa',
  });
  expect(statSync(path.join(folder, 'rows.jsonl')).mode & 0o777).toBe(0o600);
  const dataset = openQaDataset(workspace.paths, 'my SET');
  expect([0, 1, 2].map((at) => dataset.row(at).question)).toEqual(['一', 'b', 'c']);
  expect((await all(dataset.rows())).map((row) => row.context)).toEqual(['天', 'second', 'third']);
  expect(() => dataset.row(3)).toThrow(/no row 3/);
});

test('new rows are a new version, the old one stays; the same rows again change nothing', async () => {
  const first = await put('set', csv('a,1,x'));
  const second = await put('set', csv('a,1,x', 'b,2,y'));
  const again = await put('set', csv('a,1,x', 'b,2,y'));
  expect([first.added, second.added, again.added]).toEqual([true, true, false]);
  expect(openDataset(workspace.paths, 'set').manifest).toMatchObject({ version: second.manifest.version, rows: 2 });
  expect(openDataset(workspace.paths, 'set', { version: first.manifest.version }).manifest.rows).toBe(1);
  expect(listDatasets(workspace.paths).map((one) => one.name)).toEqual(['set']);
});

test('a name that is taken by another folder name or another kind is refused', async () => {
  await put('a b', csv('a,1,x'));
  await expect(put('a-b', csv('a,1,x'))).rejects.toMatchObject({ code: 'exists' });
  const alpaca = workspace.file('x.jsonl', '{"instruction":"a","output":"b"}');
  await expect(importDataset(workspace.paths, alpaca, { format: 'alpaca', name: 'a b' })).rejects.toMatchObject({
    code: 'exists',
  });
  expect(readdirSync(workspace.paths.datasets).filter((name) => name.startsWith('.staged'))).toEqual([]);
});

test.each([
  ['../../etc/passwd', 'etc-passwd'],
  ['Größe 1.5', 'größe-1-5'],
  ['中文 数据', '中文-数据'],
])('%s gets the folder %s', (name, slug) => expect(datasetSlug(name)).toBe(slug));

test('a name of nothing but signs is wrong usage', () => expect(() => datasetSlug('../..')).toThrow(/no name/));

test('damage is named: a cut file, a broken manifest', async () => {
  const { manifest } = await put('set', csv('a,1,x', 'b,2,y'));
  const rows = path.join(workspace.paths.datasets, 'set', manifest.version, 'rows.jsonl');
  truncateSync(rows, manifest.bytes - 5);
  expect(() => openDataset(workspace.paths, 'set').row(1)).toThrow(/damaged: it is shorter/);
  await expect(all<unknown>(openDataset(workspace.paths, 'set').rows())).rejects.toMatchObject({ code: 'corrupt' });
  writeFileSync(path.join(workspace.paths.datasets, 'set', 'dataset.json'), '{');
  expect(() => openDataset(workspace.paths, 'set')).toThrow(/dataset\.json is damaged/);
});

test('deleted is gone, with its versions', async () => {
  await put('set', csv('a,1,x'));
  await deleteDataset(workspace.paths, 'set');
  expect(readdirSync(workspace.paths.datasets)).toEqual(['.trash']);
  await expect(deleteDataset(workspace.paths, 'set')).rejects.toMatchObject({ code: 'not-found' });
});

test('split by context: same id or same text stay together, sizes are kept, incomplete rows are in no part', async () => {
  const rows = Array.from({ length: 60 }, (_, at) => `q${at},a${at},context ${Math.floor(at / 3)}`);
  await put('set', csv(...rows, 'no answer,,context 99'));
  const { split } = await splitDataset(workspace.paths, 'set', { method: 'context', test: 12, dev: 0.1, seed: 7 });
  expect(split.parts).toEqual([
    { name: 'test', rows: 12, sharedWithTrain: 0 },
    { name: 'dev', rows: 6, sharedWithTrain: 0 },
    { name: 'train', rows: 42, sharedWithTrain: 0 },
  ]);
  const dataset = openQaDataset(workspace.paths, 'set');
  const contexts: string[] = [];
  for (const part of ['test', 'dev', 'train']) {
    contexts.push(...new Set((await all(dataset.rows(part))).map((row) => row.context)));
  }
  expect(contexts).toHaveLength(20);
  expect(new Set(contexts).size).toBe(20);
  const numbers = ['test', 'dev', 'train'].flatMap((part) => dataset.rowNumbers(part));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at));
});

test('two ids with one text, and one id with two texts, are one context', async () => {
  const passage = (id: string, text: string, q: string) => ({
    context_id: id,
    context_text: text,
    qas: [{ query_id: q, query_text: q, answers: ['a'] }],
  });
  const content = [
    passage('A', 'one', 'q0'),
    passage('B', 'one', 'q1'),
    passage('B', 'two', 'q2'),
    ...Array.from({ length: 9 }, (_, at) => passage(`C${at}`, `text ${at}`, `r${at}`)),
  ];
  const file = workspace.file('c.json', JSON.stringify(content));
  await importDataset(workspace.paths, file, { format: 'cmrc', name: 'c' });
  for (let seed = 0; seed < 12; seed++) {
    await splitDataset(workspace.paths, 'c', { method: 'context', test: 3, seed });
    const test = openQaDataset(workspace.paths, 'c').rowNumbers('test');
    expect([0, 3]).toContain([0, 1, 2].filter((row) => test.includes(row)).length);
  }
});

test("the tutorial's split of ten rows, its leak counted, and parts by their full name where two splits have them", async () => {
  const texts = ['x', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'x'];
  await put('set', csv(...texts.map((text, at) => `q${at},a,${text}`)));
  // numpy: default_rng(0).permutation(10) = [4 6 2 7 3 5 9 0 8 1]
  const zero = await splitDataset(workspace.paths, 'set', { method: 'tutorial', seed: 0 });
  expect(zero.split.parts).toEqual([
    { name: 'test', rows: 1, sharedWithTrain: 0 },
    { name: 'train', rows: 9, sharedWithTrain: 0 },
  ]);
  expect(openQaDataset(workspace.paths, 'set').rowNumbers('train')).toEqual([6, 2, 7, 3, 5, 9, 0, 8, 1]);
  // numpy: the first of default_rng(3).permutation(10) is 9, whose context is also that of the other x.
  const leaky = await splitDataset(workspace.paths, 'set', { method: 'tutorial', seed: 3 });
  expect(leaky.split.parts[0]).toEqual({ name: 'test', rows: 1, sharedWithTrain: 1 });
  await splitDataset(workspace.paths, 'set', { method: 'context', test: 2 });
  const dataset = openQaDataset(workspace.paths, 'set');
  expect(() => dataset.rows('test')).toThrow(/Several splits/);
  expect(dataset.count('context/test')).toBe(2);
  expect(dataset.rowNumbers('tutorial/test')).toEqual([9]);
  expect(() => dataset.rows('dev')).toThrow(/no part "dev"/);
  expect(dataset.manifest.splits.map((split) => split.name)).toEqual(['tutorial', 'context']);
});

test.each([
  [{ method: 'tutorial', test: 3 }, 'usage'],
  [{ method: 'context', test: 10 }, 'usage'],
  [{ method: 'context', test: 2.5 }, 'usage'],
  [{ method: 'context', test: 1 }, 'invalid'],
] as const)('a split that cannot be is refused: %j', async (options, code) => {
  await put('set', csv('a,1,x', 'b,2,x', 'c,3,x', 'd,4,y', 'e,5,y'));
  await expect(splitDataset(workspace.paths, 'set', options)).rejects.toMatchObject({ code });
});
