import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { editRows, makeCurrent } from '../../../src/datasets/edit.ts';
import { importDataset } from '../../../src/datasets/import.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { splitDataset } from '../../../src/datasets/split.ts';
import { listVersions } from '../../../src/datasets/store.ts';
import type { QaRow } from '../../../src/datasets/types.ts';
import { readEditedRow, rowAsText } from '../../../src/datasets/view/edited-row.ts';
import { rowOrder } from '../../../src/datasets/view/order.ts';
import { matchesQuery, parseQuery } from '../../../src/datasets/view/query.ts';
import { rowField, rowTexts } from '../../../src/datasets/view/row-texts.ts';
import { all, DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(() => workspace.remove());

const csv = (...rows: string[]) => `question,answer,context\n${rows.join('\n')}\n`;
const put = (...rows: string[]) =>
  importDataset(workspace.paths, workspace.file('source.csv', csv(...rows)), { format: 'financial-qa', name: 'set' });
const row: QaRow = {
  id: 'q7',
  contextId: 'c 1',
  context: 'Tea is brewed at eighty degrees.',
  question: 'How hot is Tea?',
  answers: ['eighty degrees', '80'],
  metadata: {},
};

describe('an edit', () => {
  test('is a new version with a step in its lineage; splits follow the rows that are left', async () => {
    const first = await put('a,1,x', 'b,2,y', 'c,3,z', 'd,4,w');
    await splitDataset(workspace.paths, 'set', { method: 'random', seed: 1, test: 2 });
    const before = openDataset(workspace.paths, 'set');
    const kept = before.rowNumbers('test').filter((number) => number !== 1);
    const changed = { ...before.row(2), question: 'C?' };
    const done = await editRows(workspace.paths, 'set', {
      version: first.manifest.version,
      drop: [1],
      set: [{ row: 2, value: changed }],
    });
    expect(done).toMatchObject({ changed: 1, dropped: 1, manifest: { rows: 3, current: true } });
    expect(done.manifest.lineage.steps.at(-1)).toMatchObject({
      name: 'edit',
      parameters: { from: first.manifest.version, changed: 1, dropped: 1 },
    });
    const after = openDataset(workspace.paths, 'set');
    expect((await all<unknown>(after.rows())).map((one) => rowField(Object(one), 'question'))).toEqual([
      'a',
      'C?',
      'd',
    ]);
    expect(after.rowNumbers('test')).toEqual(kept.map((number) => (number > 1 ? number - 1 : number)));
    // Rows that are added stand behind all others, in no part of the split.
    const { version } = done.manifest;
    const more = await editRows(workspace.paths, 'set', { version, drop: [], set: [], add: [row] });
    expect(more.manifest.rows).toBe(4);
    const longer = openDataset(workspace.paths, 'set');
    expect(longer.row(3)).toEqual(row);
    expect([...longer.rowNumbers('test'), ...longer.rowNumbers('train')].sort()).toEqual([0, 1, 2]);
    await expect(
      editRows(workspace.paths, 'set', { version: more.manifest.version, drop: [], set: [], add: [{ id: 'x' }] }),
    ).rejects.toMatchObject({ code: 'invalid' });
    await makeCurrent(workspace.paths, 'set', first.manifest.version);
    expect(openDataset(workspace.paths, 'set').manifest.rows).toBe(4);
    expect(listVersions(workspace.paths, 'set')).toHaveLength(3);
  });

  test('of a version that is not the current one any more, of a row of another kind, or of all rows is refused', async () => {
    const { manifest } = await put('a,1,x', 'b,2,y');
    const wish = { version: manifest.version, drop: [], set: [] };
    await expect(editRows(workspace.paths, 'set', { ...wish, version: 'v-000000000000' })).rejects.toMatchObject({
      code: 'usage',
    });
    const foreign = { ...wish, set: [{ row: 0, value: { query: 'a', pos: ['x'], neg: [] } }] };
    await expect(editRows(workspace.paths, 'set', foreign)).rejects.toMatchObject({ code: 'invalid' });
    await expect(editRows(workspace.paths, 'set', { ...wish, drop: [0, 1] })).rejects.toMatchObject({
      code: 'invalid',
    });
    expect(listVersions(workspace.paths, 'set')).toHaveLength(1);
  });
});

describe('a row as text to edit', () => {
  test('comes back as the same row, or as another', () => {
    expect(readEditedRow('qa', row, rowAsText(row))).toEqual({ state: 'same' });
    expect(readEditedRow('qa', row, JSON.stringify(row))).toEqual({ state: 'same' });
    expect(readEditedRow('qa', row, rowAsText(row).replace('q7', 'q8'))).toEqual({
      state: 'changed',
      row: { ...row, id: 'q8' },
    });
  });

  test('names the line of what is wrong: no JSON, an early end, a wrong type, an unknown field', () => {
    const bad = (text: string) => readEditedRow('qa', row, text);
    expect(bad('{\n"id": "q7",\n"contextId" "c"\n}')).toMatchObject({ state: 'bad', line: 3 });
    expect(bad('{\n"id": "q7"')).toMatchObject({ state: 'bad', line: 2 });
    expect(bad(rowAsText(row).replace('"q7"', '7'))).toMatchObject({ state: 'bad', line: 2 });
    expect(bad(rowAsText({ ...row, answers: [] }))).toMatchObject({ state: 'bad', line: 6 });
    expect(bad(`${rowAsText(row).trimEnd().slice(0, -2)},\n  "answer": "x"\n}`)).toMatchObject({
      state: 'bad',
      why: expect.stringContaining('"answer"'),
    });
    expect(bad('[]')).toMatchObject({ state: 'bad', line: null });
  });
});

describe('a filter', () => {
  test.each([
    ['tea', true],
    ['tea coffee', false],
    ['question:"how hot is tea?"', true],
    ['question:tea', false],
    ['question:~tea', true],
    ['contextId:"c 1"', true],
    ['answer:~EIGHTY id:q7', true],
    ['answers:~80', true],
    ['context>31', true],
    ['context>32', false],
    ['context<33', true],
    ['finding:leak', true],
    ['finding:answer', false],
    ['finding:any', true],
    ['', true],
  ])('%s: %s', (text, holds) => {
    expect(matchesQuery(row, parseQuery(text), ['leak-context'])).toBe(holds);
  });

  test('reads each kind of term', () => {
    expect(parseQuery('a:b "x y" finding:leak q>3 f:~"U V"')).toEqual([
      { kind: 'field', field: 'a', text: 'b', whole: true },
      { kind: 'text', text: 'x y' },
      { kind: 'finding', rule: 'leak' },
      { kind: 'length', field: 'q', more: true, characters: 3 },
      { kind: 'field', field: 'f', text: 'u v', whole: false },
    ]);
  });
});

test('every kind of row is a question and an answer', () => {
  expect(rowTexts(row)).toEqual(['How hot is Tea?', 'eighty degrees']);
  expect(rowTexts({ query: 'q', pos: ['p', 'r'], neg: [] })).toEqual(['q', 'p']);
  const messages = [
    { role: 'system' as const, content: 's' },
    { role: 'user' as const, content: 'u' },
  ];
  expect(rowTexts({ id: '1', messages, chosen: 'good', rejected: 'bad' })).toEqual(['u', 'good']);
  expect(rowTexts({ form: 'messages', id: '1', messages: [...messages, { role: 'assistant', content: 'a' }] })).toEqual(
    ['u', 'a'],
  );
  expect(rowTexts({ form: 'alpaca', id: '1', history: [], instruction: 'i', input: '', output: 'o' })).toEqual([
    'i',
    'o',
  ]);
});

test('rows are filtered and sorted, equal ones in the order of the file; an abort ends it', async () => {
  await put('pear,1,x', 'apple,22,x', 'pear,333,xyz', 'fig,4,x');
  const dataset = openDataset(workspace.paths, 'set');
  const order = async (filter: string, sort: { column: string; descending: boolean } | null) => [
    ...(await rowOrder(dataset, { part: 'all', filter, sort })),
  ];
  expect(await order('', null)).toEqual([0, 1, 2, 3]);
  expect(await order('', { column: 'number', descending: true })).toEqual([3, 2, 1, 0]);
  expect(await order('', { column: 'question', descending: false })).toEqual([1, 3, 0, 2]);
  expect(await order('', { column: 'question', descending: true })).toEqual([0, 2, 3, 1]);
  expect(await order('question:pear', { column: 'length', descending: true })).toEqual([2, 0]);
  const gone = AbortSignal.abort();
  const wish = { part: 'all', filter: 'pear', sort: null };
  await expect(rowOrder(dataset, wish, { signal: gone, pause: async () => undefined })).rejects.toThrow();
});
