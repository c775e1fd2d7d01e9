import { afterEach, beforeEach, expect, test } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { openDataset } from '../../../src/datasets/open.ts';
import { changedFields, diffVersions } from '../../../src/datasets/view/diff-versions.ts';
import { DatasetWorkspace } from './workspace.ts';

let workspace: DatasetWorkspace;
beforeEach(() => {
  workspace = new DatasetWorkspace();
});
afterEach(() => workspace.remove());

interface Sft {
  readonly id: string;
  readonly input: string;
}
const preference = (rows: readonly Sft[]) =>
  rows
    .map(({ id, input }) =>
      JSON.stringify({ id, messages: [{ role: 'user', content: input }], chosen: 'a', rejected: 'b' }),
    )
    .join('\n');
async function version(rows: readonly Sft[]) {
  const file = workspace.file('rows.jsonl', preference(rows));
  const { manifest } = await importDataset(workspace.paths, file, {
    format: 'ragtui',
    kind: 'preference',
    name: 'set',
  });
  return openDataset(workspace.paths, 'set', { version: manifest.version });
}
const row = (id: string, input = `question ${id}`): Sft => ({ id, input });

test('rows are told apart by their id: changed, added, removed, moved', async () => {
  const before = await version([row('1'), row('2'), row('3'), row('4')]);
  const after = await version([row('4'), row('1'), row('3', 'another'), row('5')]);
  expect(await diffVersions(before, after, { most: 10 })).toEqual({
    same: 2,
    changed: 1,
    added: 1,
    removed: 1,
    reordered: true,
    changes: [
      { kind: 'removed', before: 1, after: null, title: 'question 2' },
      { kind: 'changed', before: 2, after: 2, title: 'another' },
      { kind: 'added', before: null, after: 3, title: 'question 5' },
    ],
  });
  expect(await diffVersions(after, before, { most: 1 })).toMatchObject({
    added: 1,
    removed: 1,
    changes: [{ kind: 'changed', before: 2, after: 2, title: 'question 3' }],
  });
  expect(changedFields(before.row(2), after.row(2))).toEqual([
    {
      field: 'messages',
      before: '[{"role":"user","content":"question 3"}]',
      after: '[{"role":"user","content":"another"}]',
    },
  ]);
});

test('of several rows with one id the equal ones belong together', async () => {
  const before = await version([row('x', 'one'), row('x', 'two'), row('x', 'three')]);
  const after = await version([row('x', 'two'), row('x', 'three')]);
  expect(await diffVersions(before, after, { most: 10 })).toMatchObject({
    same: 2,
    changed: 0,
    added: 0,
    removed: 1,
    reordered: false,
    changes: [{ kind: 'removed', before: 0, title: 'one' }],
  });
});

test('a version does not differ from itself; an abort ends it', async () => {
  const one = await version(Array.from({ length: 1500 }, (_, at) => row(String(at))));
  expect(await diffVersions(one, one, { most: 10 })).toMatchObject({ same: 1500, changed: 0, changes: [] });
  await expect(diffVersions(one, one, { most: 10, signal: AbortSignal.abort() })).rejects.toThrow();
});
