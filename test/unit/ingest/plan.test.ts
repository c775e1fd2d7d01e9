import { expect, test } from 'vitest';
import { isBelow, planIngest } from '../../../src/kb/ingest/plan.ts';
import type { SourceRecord } from '../../../src/kb/protocol.ts';

const RECIPE = 'a'.repeat(32);
const SHA = 'b'.repeat(32);

function known(path: string, over: Partial<SourceRecord> = {}): SourceRecord {
  return { path, size: 10, mtimeMs: 1, inode: 7, sha: SHA, recipe: RECIPE, failed: false, ...over };
}
function found(path: string, over: Partial<{ size: number; mtimeMs: number; inode: number }> = {}) {
  return { path, size: 10, mtimeMs: 1, inode: 7, ...over };
}

type Input = Parameters<typeof planIngest>[0];
function planOf(
  files: Input['found'],
  before: Input['known'],
  hash: (path: string) => Promise<string> = async () => SHA,
  unknown: readonly string[] = [],
) {
  return planIngest({ found: files, unknown, known: before, roots: ['/d'], recipe: RECIPE }, hash);
}

test('a file with the same size, time and inode costs no hash', async () => {
  const hashed: string[] = [];
  const hash = async (path: string) => {
    hashed.push(path);
    return SHA;
  };
  const plan = await planOf([found('/d/a')], [known('/d/a')], hash);
  expect(plan).toMatchObject({ todo: [], unchanged: 1, gone: [] });
  expect(hashed).toEqual([]);
});

test('a touched file costs a hash; the same content is unchanged, another is to be done', async () => {
  const files = [found('/d/same', { mtimeMs: 2 }), found('/d/other', { mtimeMs: 2 })];
  const hash = async (path: string) => (path === '/d/same' ? SHA : 'c'.repeat(32));
  const plan = await planOf(files, [known('/d/same'), known('/d/other')], hash);
  expect(plan.unchanged).toBe(1);
  expect(plan.todo.map((file) => file.path)).toEqual(['/d/other']);
  expect(plan.added.size).toBe(0);
});

test('another recipe means doing it again', async () => {
  const plan = await planOf([found('/d/a')], [known('/d/a', { recipe: 'e'.repeat(32) })]);
  expect(plan.todo).toHaveLength(1);
});

test('what is gone below a root is gone; what lies elsewhere is not', async () => {
  const plan = await planOf([], [known('/d/a'), known('/data/b')]);
  expect(plan.gone).toEqual(['/d/a']);
});

test('what lies below a folder nobody could look into is not gone', async () => {
  const plan = await planOf([], [known('/d/closed/a'), known('/d/open/b'), known('/d/closed2')], undefined, [
    '/d/closed',
  ]);
  expect(plan.gone).toEqual(['/d/open/b', '/d/closed2']);
});

test('a file that failed and is the same is not counted as unchanged', async () => {
  const plan = await planOf([found('/d/a'), found('/d/b')], [known('/d/a', { failed: true }), known('/d/b')]);
  expect(plan).toMatchObject({ todo: [], unchanged: 1, stillFailing: 1 });
});

test('a file that cannot be hashed is read, so that reading says why', async () => {
  const hash = async () => {
    throw new Error('vanished');
  };
  const plan = await planOf([found('/d/a', { mtimeMs: 9 })], [known('/d/a')], hash);
  expect(plan.todo).toHaveLength(1);
});

test('isBelow compares whole path segments', () => {
  expect(isBelow('/d/a', ['/d'])).toBe(true);
  expect(isBelow('/dx/a', ['/d'])).toBe(false);
  expect(isBelow('/d', ['/d'])).toBe(true);
  expect(isBelow('/a', ['/'])).toBe(true);
});
