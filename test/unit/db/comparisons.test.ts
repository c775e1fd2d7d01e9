import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../../src/db/migrate.ts';
import { base } from '../../../src/db/migrations/001-base.ts';
import { vectorChecksums } from '../../../src/db/migrations/002-vector-checksums.ts';
import { purge } from '../../../src/kb/store/purge.ts';
import type { ComparisonHead } from '../../../src/rag/comparisons/types.ts';
import { sampleCompared, sampleHit, sampleRecord } from '../../support/comparisons.ts';
import { fakeEmbedder, ingest, type OpenedService, openService, tempWorkspace } from '../../support/kb-service.ts';

let workspace: ReturnType<typeof tempWorkspace>;
let kb: OpenedService;
beforeEach(() => {
  workspace = tempWorkspace();
  kb = openService(workspace.paths, { e: 16 });
});
afterEach(async () => {
  await kb.service.close();
  workspace.remove();
});

const record = sampleRecord();
const { columns, state: _, kbState: __, ...rest } = record;
const head: ComparisonHead = { ...rest, columns: columns.map(({ column }) => column) };
const [baseColumn = sampleCompared('base', ''), tunedColumn = sampleCompared('tuned', '')] = columns;
const list = (params: { filter?: string; voted?: boolean; limit?: number; offset?: number } = {}) =>
  kb.call('comparisons.list', params);
const reopen = async () => {
  await kb.service.close();
  kb = openService(workspace.paths, { e: 16 });
};

describe('a comparison that is kept as it goes', () => {
  test('reads back whole', async () => {
    const { id } = await kb.call('comparisons.begin', { head });
    await kb.call('comparisons.said', { id, pieces: [{ column: 1, text: 'Ed' }] });
    await kb.call('comparisons.column', { id, column: 1, result: tunedColumn });
    await kb.call('comparisons.column', { id, column: 0, result: baseColumn });
    await kb.call('comparisons.end', { id });
    const kept = await kb.call('comparisons.get', { id });
    expect(kept).toEqual({ ...record, id, at: expect.any(String), votes: [], kbState: null });
  });

  test('is running while its client is there, and cut when it goes: with what was said and read until then', async () => {
    const { id } = await kb.call('comparisons.begin', { head }, 7);
    const gathered = {
      hits: [sampleHit(1, 'found')],
      messages: [{ role: 'user' as const, content: 'q' }],
      reasoning: '',
    };
    await kb.call('comparisons.column', { id, column: 0, result: baseColumn }, 7);
    await kb.call('comparisons.said', { id, pieces: [{ column: 1, text: '天文台', gathered }] }, 7);
    await kb.call('comparisons.said', { id, pieces: [{ column: 1, text: ' 是 Edda' }] }, 7);
    expect((await list()).comparisons[0]).toMatchObject({
      state: 'running',
      columns: [{ state: 'ok' }, { state: 'open' }],
    });
    kb.service.clientGone(7);
    const kept = await kb.call('comparisons.get', { id });
    expect(kept.state).toBe('cut');
    expect(kept.columns[0]).toEqual(baseColumn);
    expect(kept.columns[1]).toMatchObject({ state: 'cancelled', answer: null, partial: '天文台 是 Edda', gathered });
    expect(kept.columns[1]?.error?.message).toContain('stopped');
  });

  test('goes on after the service was killed in between', async () => {
    const { id } = await kb.call('comparisons.begin', { head }, 7);
    await reopen();
    expect((await list()).comparisons[0]?.state).toBe('cut');
    await kb.call('comparisons.column', { id, column: 0, result: baseColumn }, 3);
    expect((await list()).comparisons[0]?.state).toBe('running');
    await kb.call('comparisons.column', { id, column: 1, result: tunedColumn }, 3);
    await kb.call('comparisons.end', { id }, 3);
    expect(await kb.call('comparisons.get', { id })).toMatchObject({ state: 'ended', columns });
  });

  test('takes nothing more for a column that has ended, and refuses one that it has not', async () => {
    const { id } = await kb.call('comparisons.begin', { head });
    await kb.call('comparisons.column', { id, column: 0, result: baseColumn });
    await kb.call('comparisons.said', { id, pieces: [{ column: 0, text: 'late' }] });
    expect((await kb.call('comparisons.get', { id })).columns[0]).toEqual(baseColumn);
    const unknown = kb.call('comparisons.column', { id, column: 2, result: baseColumn });
    await expect(unknown).rejects.toMatchObject({ code: 'not-found' });
    await expect(kb.call('comparisons.end', { id: 99 })).rejects.toMatchObject({ code: 'not-found' });
    await expect(kb.call('comparisons.said', { id: 99, pieces: [] })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('remembers what the knowledge base held, which changes with it', async () => {
    const embedders = [fakeEmbedder('e', 16)];
    await kb.call('kb.create', { name: 'notes', groups: [{ name: 'line', splitter: 'line' }], embedders: ['e'] });
    await ingest(kb.client, { kb: 'notes', embedders, files: { '/a': 'one' } });
    const { id } = await kb.call('comparisons.begin', { head });
    const then = await kb.call('kb.state', { kb: 'notes' });
    expect(then).toEqual({
      revision: expect.stringMatching(/^[0-9a-f]{32}$/),
      documents: 1,
      embedders: { e: fakeEmbedder('e', 16).fingerprint },
    });
    await ingest(kb.client, { kb: 'notes', embedders, files: { '/a': 'one' } });
    expect(await kb.call('kb.state', { kb: 'notes' })).toEqual(then);
    await ingest(kb.client, { kb: 'notes', embedders, files: { '/a': 'two' } });
    const now = await kb.call('kb.state', { kb: 'notes' });
    expect(now.documents).toBe(1);
    expect(now.revision).not.toBe(then.revision);
    expect((await kb.call('comparisons.get', { id })).kbState).toEqual(then);
    await expect(kb.call('kb.state', { kb: 'gone' })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('the list', () => {
  const add = (question: string, change: Partial<typeof record> = {}) =>
    kb.call('comparisons.add', { record: sampleRecord({ question, ...change }) });

  test('is newest first, in pages, without bodies', async () => {
    for (const question of ['one', 'two', 'three']) await add(question);
    expect((await list({ limit: 2 })).comparisons.map(({ question }) => question)).toEqual(['three', 'two']);
    const page = await list({ limit: 2, offset: 2 });
    expect(page.total).toBe(3);
    expect(page.comparisons).toEqual([
      {
        id: 1,
        at: expect.any(String),
        question: 'one',
        kb: 'notes',
        state: 'ended',
        columns: [
          { name: 'base', llm: 'model-base', state: 'ok' },
          { name: 'tuned', llm: 'model-tuned', state: 'ok' },
        ],
        vote: null,
      },
    ]);
  });

  test.each([
    ['a word of the question, whatever its case', 'ÉTOILE', 1],
    ['Chinese', '天文', 1],
    ['two words that stand in different places', 'model-tuned qui', 1],
    ['the knowledge base', 'archiv', 1],
    ['where the question came from', 'dataset', 1],
    ['what is in all of them', 'model-base', 2],
    ['one word that is there and one that is not', 'étoile 天文', 0],
    ['signs that mean something in SQL', "%_' OR 1=1 --", 0],
  ])('finds %s', async (_what, filter, expected) => {
    await add('Qui a vu une étoile ?');
    await add('天文台？', { kb: 'Archiv', source: 'dataset cmrc v-1 row 3' });
    const found = await list({ filter });
    expect([found.total, found.comparisons.length]).toEqual([expected, expected]);
  });

  test('keeps bodies of a thousand comparisons out of its way', async () => {
    const { comparisonsTable } = await import('../../../src/db/comparisons-table.ts');
    const big = JSON.stringify({ ...baseColumn, partial: 'x'.repeat(60_000) });
    await kb.service.context.db.writer.run(({ db }) => {
      const table = comparisonsTable(db);
      for (let at = 0; at < 1000; at += 1) {
        const id = table.insert('2026', 'notes', `question ${at}`, `question ${at}`, '{}');
        for (let ord = 0; ord < 4; ord += 1) {
          table.insertColumn(id, ord, `c${ord}`, 'm', '{}');
          table.endColumn(id, ord, 'ok', big);
        }
        table.end(id, 'ended');
      }
    });
    const found = await list({ limit: 1000 });
    expect(found.comparisons).toHaveLength(1000);
    expect((await list({ filter: 'question 999' })).total).toBe(1);
    // 4,000 bodies of 60 kB: the answer holds none of them.
    expect(JSON.stringify(found).length).toBeLessThan(400_000);
  });
});

describe('the trash', () => {
  test('takes a comparison and its vote, gives them back, and forgets them after a week', async () => {
    const { id } = await kb.call('comparisons.add', { record });
    const vote = {
      blind: true,
      seed: 3,
      shown: ['tuned', 'base'],
      choice: { kind: 'column' as const, column: 'tuned' },
    };
    await kb.call('comparisons.vote', { id, vote });
    await kb.call('comparisons.remove', { id });
    expect((await list()).total).toBe(0);
    expect(await kb.call('comparisons.votes', {})).toEqual([]);
    await expect(kb.call('comparisons.get', { id })).rejects.toMatchObject({ code: 'not-found' });
    await kb.call('comparisons.restore', { id });
    expect((await kb.call('comparisons.get', { id })).votes).toMatchObject([vote]);
    await kb.call('comparisons.remove', { id });
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
    await purge(kb.service.context, workspace.paths.indexes, inDays(6));
    await kb.call('comparisons.restore', { id });
    await kb.call('comparisons.remove', { id });
    await purge(kb.service.context, workspace.paths.indexes, inDays(8));
    await expect(kb.call('comparisons.restore', { id })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('votes', () => {
  const vote = (choice: 'base' | 'tuned', change: object = {}) => ({
    blind: true,
    seed: 3,
    shown: ['tuned', 'base'],
    choice: { kind: 'column' as const, column: choice },
    ...change,
  });

  test('are added, replaced and withdrawn; the list and the board know', async () => {
    const { id } = await kb.call('comparisons.add', { record });
    expect((await kb.call('comparisons.vote', { id, vote: vote('base') })).votes).toMatchObject([{ comparison: id }]);
    await kb.call('comparisons.vote', { id, vote: vote('tuned') });
    expect((await list({ voted: true })).comparisons.map((one) => one.vote)).toEqual([
      { kind: 'column', column: 'tuned' },
    ]);
    expect(await kb.call('comparisons.votes', {})).toEqual([
      {
        vote: { ...vote('tuned'), comparison: id, at: expect.any(String) },
        question: record.question,
        kb: 'notes',
        columns: [
          { column: baseColumn.column, state: 'ok', embedder: 'bge', digest: 'digest-base' },
          { column: tunedColumn.column, state: 'ok', embedder: 'bge', digest: 'digest-tuned' },
        ],
      },
    ]);
    expect((await kb.call('comparisons.vote', { id, vote: null })).votes).toEqual([]);
    expect((await list({ voted: true })).total).toBe(0);
    expect((await list({ voted: false })).total).toBe(1);
  });

  test.each([
    ['a column that is not there', { shown: ['tuned', 'other'] }],
    ['a choice that was not shown', { shown: ['base', 'base'] }],
    ['a choice of another comparison', { choice: { kind: 'column', column: 'other' } }],
  ])('refuses %s', async (_what, change) => {
    const { id } = await kb.call('comparisons.add', { record });
    const cast = kb.call('comparisons.vote', { id, vote: vote('tuned', change) });
    await expect(cast).rejects.toMatchObject({ code: 'invalid' });
  });
});

test('columns are saved by name, replaced, listed in order and forgotten', async () => {
  const set = (name: string, ...of: string[]) => ({
    set: { name, columns: of.map((one) => sampleCompared(one, '').column) },
  });
  await kb.call('columnSets.save', set('zeta', 'a', 'b'));
  await kb.call('columnSets.save', set('Alpha', 'a'));
  await kb.call('columnSets.save', set('zeta', 'c'));
  const names = async () =>
    (await kb.call('columnSets.list', {})).map((one) => [one.name, one.columns.map(({ name }) => name)]);
  expect(await names()).toEqual([
    ['Alpha', ['a']],
    ['zeta', ['c']],
  ]);
  await expect(kb.call('columnSets.save', set('twice', 'a', 'a'))).rejects.toMatchObject({ code: 'invalid' });
  await kb.call('columnSets.remove', { name: 'zeta' });
  await expect(kb.call('columnSets.remove', { name: 'zeta' })).rejects.toMatchObject({
    code: 'not-found',
    hint: 'There are: Alpha.',
  });
});

test('a database of before comparisons is copied, then has them, and keeps its answers', async () => {
  const old = tempWorkspace();
  const raw = new Database(old.paths.database);
  migrate(raw, old.paths.database, [base, vectorChecksums]);
  raw.exec("INSERT INTO answer(at, kb, question, body) VALUES('2026', 'k', 'old?', '{}')");
  raw.close();
  const opened = openService(old.paths, {});
  await opened.call('comparisons.add', { record });
  expect((await opened.call('comparisons.list', {})).total).toBe(1);
  expect(await opened.call('answers.list', {})).toMatchObject([{ question: 'old?' }]);
  await opened.service.close();
  const copy = `${old.paths.database}.before-schema-3`;
  expect(existsSync(copy)).toBe(true);
  const before = new Database(copy, { readonly: true });
  expect(before.pragma('user_version', { simple: true })).toBe(2);
  expect(before.prepare('SELECT question FROM answer').pluck().all()).toEqual(['old?']);
  before.close();
  old.remove();
});
