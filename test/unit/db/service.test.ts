import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { StoreContext } from '../../../src/kb/store/context.ts';
import { purge } from '../../../src/kb/store/purge.ts';
import {
  base64Of,
  emptyReport,
  fakeEmbedder,
  fakeVector,
  hashOf,
  ingest,
  lineChunks,
  type OpenedService,
  openService,
  sourceOf,
  tempWorkspace,
} from '../../support/kb-service.ts';

const GROUPS = [{ name: 'line', splitter: 'line' as const }];
const E = fakeEmbedder('e', 16);
const F = fakeEmbedder('f', 16);

let workspace: ReturnType<typeof tempWorkspace>;
let kb: OpenedService;
beforeEach(() => {
  workspace = tempWorkspace();
  kb = openService(workspace.paths, { e: 16, f: 16 });
});
afterEach(async () => {
  await kb.service.close();
  workspace.remove();
});

const create = (name = 'k', embedders = ['e']) => kb.call('kb.create', { name, groups: GROUPS, embedders });
const begin = (extra: Partial<Parameters<typeof kb.call<'ingest.begin'>>[1]> = {}) =>
  kb.call('ingest.begin', { kb: 'k', groups: GROUPS, embedders: [E], roots: [], owner: 'job', ...extra });
const names = async (state: 'all' | 'live' | 'failed' = 'live') =>
  (await kb.call('kb.documents', { kb: 'k', state })).documents.map((document) => document.name);
const search = (query: string, extra: object = {}) =>
  kb.call('search', { kb: 'k', query, mode: 'bm25', topK: 100, ...extra });

describe('names', () => {
  it.each(['财务报告 2023', 'a/b', '..', "O'Brien; DROP TABLE kb", 'é'])('%s is a name', async (name) => {
    expect((await create(name)).name).toBe(name.normalize('NFC'));
    expect((await kb.call('kb.show', { kb: name })).name).toBe(name);
  });
  it.each(['', '   ', 'a\u001b[31m', 'a\nb', 'a\u202eb', 'x'.repeat(101)])('%j is none', async (name) => {
    await expect(create(name)).rejects.toMatchObject({ code: 'usage' });
  });
  it('is given once', async () => {
    await create();
    await expect(create()).rejects.toMatchObject({ code: 'exists' });
    await kb.call('kb.delete', { kb: 'k' });
    expect((await create()).documents).toBe(0);
  });
  it('that is nearly one of many is told with that one', async () => {
    for (let at = 0; at < 13; at += 1) await create(`base ${at}${at}`);
    await create('handbook');
    await expect(kb.call('kb.show', { kb: 'Handbok' })).rejects.toMatchObject({ hint: 'Did you mean "handbook"?' });
    const hint = expect.stringMatching(/^There are: .* and 4 more\.$/);
    await expect(kb.call('kb.show', { kb: 'nothing like it' })).rejects.toMatchObject({ hint });
  });
  it('that does not exist is told with those that do', async () => {
    await create('other');
    await expect(kb.call('kb.show', { kb: 'k' })).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('other'),
    });
  });
});

describe('ingest', () => {
  it('asks for each text once, and never again for one that has a vector', async () => {
    await create();
    const { session } = await begin();
    const text = 'same\nother\nsame';
    const documents = [
      { key: '', title: 'a', text, metadata: {}, chunks: [{ group: 'line', chunks: lineChunks(text) }] },
    ];
    const stored = await kb.call('ingest.documents', {
      session: session ?? '',
      source: sourceOf('/a', text),
      documents,
    });
    expect(stored.missing.map((entry) => entry.text)).toEqual(['same', 'other']);
    expect(stored.missing[0]?.hash).toBe(hashOf('same'));
    kb.service.clientGone(1);
    expect(await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': text } })).toEqual({ embedded: 2 });
    expect(await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': text, '/b': 'other\nnew' } })).toEqual({
      embedded: 1,
    });
    await create('second');
    expect(await ingest(kb.client, { kb: 'second', embedders: [E], files: { '/c': 'new\nsame' } })).toEqual({
      embedded: 0,
    });
  });

  it('shows nothing of a document before it is published, and refuses to publish without vectors', async () => {
    await create();
    const { session } = await begin();
    const source = sourceOf('/a', 'one line');
    const documents = [
      {
        key: '',
        title: '',
        text: 'one line',
        metadata: {},
        chunks: [{ group: 'line', chunks: lineChunks('one line') }],
      },
    ];
    const stored = await kb.call('ingest.documents', { session: session ?? '', source, documents });
    const revisions = stored.revisions.map((entry) => entry.revision);
    expect((await search('line')).hits).toEqual([]);
    await expect(kb.call('ingest.publish', { session: session ?? '', source, revisions })).rejects.toMatchObject({
      code: 'invalid',
    });
    const vectors = [{ hash: hashOf('one line'), vector: base64Of(fakeVector('e', 'one line', 16)) }];
    await kb.call('ingest.vectors', { session: session ?? '', embedder: 'e', vectors });
    await kb.call('ingest.publish', { session: session ?? '', source, revisions });
    expect((await search('line')).hits).toHaveLength(1);
  });

  it.each([
    ['too short', base64Of(new Float32Array(15).fill(0.25))],
    ['not of unit length', base64Of(new Float32Array(16).fill(1))],
    ['not a number', base64Of(new Float32Array(16).fill(Number.NaN))],
    ['empty', ''],
  ])('refuses a vector that is %s', async (_what, vector) => {
    await create();
    const { session } = await begin();
    const vectors = [{ hash: hashOf('x'), vector }];
    await expect(kb.call('ingest.vectors', { session: session ?? '', embedder: 'e', vectors })).rejects.toMatchObject({
      code: 'invalid',
    });
  });

  it('refuses a chunk that is not at its place in the text', async () => {
    await create();
    const { session } = await begin();
    const chunks = [{ ordinal: 0, start: 1, end: 4, title: '', text: 'abc' }];
    const documents = [{ key: '', title: '', text: 'abcd', metadata: {}, chunks: [{ group: 'line', chunks }] }];
    await expect(
      kb.call('ingest.documents', { session: session ?? '', source: sourceOf('/a', 'abcd'), documents }),
    ).rejects.toMatchObject({ code: 'invalid' });
  });

  it('refuses a known node group with other settings, and one left out', async () => {
    await create();
    const other = [{ name: 'line', splitter: 'sentence' as const, maxChars: 100 }];
    await expect(begin({ groups: other })).rejects.toMatchObject({ code: 'invalid' });
    await expect(begin({ groups: [] })).rejects.toMatchObject({ code: 'invalid' });
    await expect(begin({ embedders: [] })).rejects.toMatchObject({ code: 'invalid' });
    expect((await begin()).session).not.toBeNull();
  });

  it('records a failure, keeps what was there before, and forgets it when the file is good again', async () => {
    await create();
    await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': 'fine text' } });
    const { session } = await begin();
    const fail = (file: string) =>
      kb.call('ingest.failed', {
        session: session ?? '',
        source: { ...sourceOf(file, 'x'), failed: true },
        reason: 'is broken',
        hint: '',
      });
    await fail('/a');
    await fail('/bad.pdf');
    const sources = await kb.call('ingest.sources', { session: session ?? '' });
    expect(sources.map((source) => [source.path, source.failed])).toEqual([
      ['/a', true],
      ['/bad.pdf', true],
    ]);
    await kb.call('ingest.end', { session: session ?? '', report: emptyReport() });
    expect(await names('failed')).toEqual(['/a', '/bad.pdf']);
    expect((await kb.call('kb.show', { kb: 'k' })).failed).toBe(2);
    expect((await search('fine')).hits).toHaveLength(1);
    await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': 'fine text', '/bad.pdf': 'readable now' } });
    expect(await names('failed')).toEqual([]);
    expect(await names()).toEqual(['/a', '/bad.pdf']);
  });

  it('trashes the rows that are gone from a source', async () => {
    await create();
    const publish = async (keys: string[]) => {
      const { session } = await begin();
      const source = sourceOf('/t.csv', keys.join());
      const documents = keys.map((key) => {
        const text = `row number ${key}`;
        return { key, title: '', text, metadata: {}, chunks: [{ group: 'line', chunks: lineChunks(text) }] };
      });
      const stored = await kb.call('ingest.documents', { session: session ?? '', source, documents });
      const vectors = stored.missing.map((entry) => ({
        hash: entry.hash,
        vector: base64Of(fakeVector('e', entry.text, 16)),
      }));
      await kb.call('ingest.vectors', { session: session ?? '', embedder: 'e', vectors });
      const revisions = stored.revisions.map((entry) => entry.revision);
      const result = await kb.call('ingest.publish', { session: session ?? '', source, revisions });
      await kb.call('ingest.end', { session: session ?? '', report: emptyReport() });
      return result.removed;
    };
    expect(await publish(['1', '2', '3'])).toBe(0);
    expect(await publish(['1', '3'])).toBe(1);
    expect(await names()).toEqual(['/t.csv#1', '/t.csv#3']);
    expect((await search('row')).hits.map((hit) => hit.document)).toEqual(['/t.csv#1', '/t.csv#3']);
  });

  it('that ended in the midst of a source has it read again, its former content too', async () => {
    await create();
    const former = sourceOf('/t.csv', 'former');
    const recipes: string[] = [];
    for (const [source, words, last] of [
      [former, 'former', true],
      [sourceOf('/t.csv', 'newer!'), 'newer', false],
      [former, 'former', true],
    ] as const) {
      const { session } = await begin();
      const documents = ['1', '2'].map((key) => {
        const text = `${words} row ${key}`;
        return { key, title: '', text, metadata: {}, chunks: [{ group: 'line', chunks: lineChunks(text) }] };
      });
      const stored = await kb.call('ingest.documents', { session: session ?? '', source, documents });
      const vectors = stored.missing.map(({ hash, text }) => ({ hash, vector: base64Of(fakeVector('e', text, 16)) }));
      if (vectors.length > 0) await kb.call('ingest.vectors', { session: session ?? '', embedder: 'e', vectors });
      const revisions = stored.revisions.map((entry) => entry.revision).slice(0, last ? 2 : 1);
      await kb.call('ingest.publish', { session: session ?? '', source, revisions, last });
      recipes.push(...(await kb.call('ingest.sources', { session: session ?? '' })).map(({ recipe }) => recipe));
      await kb.call('ingest.end', { session: session ?? '', report: emptyReport() });
    }
    expect(recipes).toEqual([former.recipe, '0'.repeat(32), former.recipe]);
    expect((await search('row')).hits.map((hit) => hit.text).sort()).toEqual(['former row 1', 'former row 2']);
  });
});

describe('removal', () => {
  const files = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`/d/${at}`, `text ${at}`]));

  it('of more than a fifth needs --prune, counted over the whole ingest', async () => {
    await create();
    await ingest(kb.client, { kb: 'k', embedders: [E], files: files(10) });
    const { session } = await begin();
    const remove = (paths: string[], prune = false) =>
      kb.call('ingest.remove', { session: session ?? '', paths, prune });
    expect(await remove(['/d/0'])).toEqual({ removed: 1 });
    expect(await remove(['/d/1'])).toEqual({ removed: 1 });
    await expect(remove(['/d/2'])).rejects.toMatchObject({ code: 'invalid', hint: expect.stringContaining('--prune') });
    expect((await names()).length).toBe(8);
    expect(await remove(['/d/2', '/d/3', '/d/4'], true)).toEqual({ removed: 3 });
    expect((await names()).length).toBe(5);
  });

  it.each(['missing', 'empty'])('of files below a root that is %s needs --prune', async (what) => {
    const root = path.join(workspace.paths.home, 'documents');
    mkdirSync(root);
    const inside = Object.fromEntries(
      Object.entries(files(10)).map(([name, text]) => [path.join(root, path.basename(name)), text]),
    );
    await create();
    await ingest(kb.client, { kb: 'k', embedders: [E], files: inside });
    if (what === 'missing') rmSync(root, { recursive: true });
    const { session } = await begin({ roots: [root] });
    const gone = { session: session ?? '', paths: [path.join(root, '0')] };
    await expect(kb.call('ingest.remove', { ...gone, prune: false })).rejects.toMatchObject({
      code: 'invalid',
      hint: expect.stringContaining('--prune'),
    });
    mkdirSync(root, { recursive: true });
    writeFileSync(path.join(root, '1'), '');
    expect(await kb.call('ingest.remove', { ...gone, prune: false })).toEqual({ removed: 1 });
  });

  it('can be undone for 7 days', async () => {
    await create();
    await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': 'precious words', '/b': 'others' } });
    const { documents } = await kb.call('kb.documents', { kb: 'k' });
    const id = documents[0]?.id ?? 0;
    await kb.call('kb.remove', { kb: 'k', id });
    expect((await search('precious')).hits).toEqual([]);
    expect(await ingest(kb.client, { kb: 'k', embedders: [E], files: {} })).toEqual({ embedded: 0 });
    await kb.call('kb.restore', { kb: 'k', id });
    expect((await search('precious')).hits).toHaveLength(1);
    expect((await search('precious words', { mode: 'vector', topK: 1 })).hits[0]?.score).toBeCloseTo(1, 5);
    await kb.call('kb.remove', { kb: 'k', id });
    const day = 24 * 60 * 60 * 1000;
    await clearAt(new Date(Date.now() + 6.9 * day));
    expect(await names('all')).toContain('/a');
    await clearAt(new Date(Date.now() + 7.1 * day));
    expect(await names('all')).toEqual(['/b']);
    await expect(kb.call('kb.restore', { kb: 'k', id })).rejects.toMatchObject({ code: 'not-found' });
  });
});

const clearAt = (at: Date) => purge(contextOf(kb), workspace.paths.indexes, at);
const contextOf = (opened: OpenedService): StoreContext => opened.service.context;

describe('embedders', () => {
  it('of equal dimension never find each other’s vectors', async () => {
    await create('k', ['e', 'f']);
    const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`).join('\n');
    await ingest(kb.client, { kb: 'k', embedders: [E, F], files: { '/a': lines } });
    for (const [id, other] of [
      ['e', 'f'],
      ['f', 'e'],
    ] as const) {
      const { hits } = await search('line 3', { mode: 'vector', embedder: id });
      expect(hits).toHaveLength(20);
      const query = fakeVector(id, 'line 3', 16);
      for (const hit of hits) {
        const dot = (seed: string) =>
          fakeVector(seed, hit.text, 16).reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0);
        expect(hit.score).toBeCloseTo(dot(id), 5);
        expect(Math.abs(hit.score - dot(other))).toBeGreaterThan(1e-5);
      }
    }
  });

  it('back-fill beside the active one, switch when complete, and roll back', async () => {
    await create();
    const files = { '/a': 'one\ntwo', '/b': 'three' };
    await ingest(kb.client, { kb: 'k', embedders: [E], files });
    await expect(kb.call('kb.switch', { kb: 'k', embedder: 'f' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await ingest(kb.client, { kb: 'k', embedders: [E, F], files: { '/a': files['/a'] } })).toEqual({
      embedded: 2,
    });
    const half = await kb.call('kb.show', { kb: 'k' });
    expect(half.indexes).toMatchObject([
      { embedder: 'e', vectors: 3, missing: 0, active: true },
      { embedder: 'f', vectors: 2, missing: 1, active: false },
    ]);
    await expect(kb.call('kb.switch', { kb: 'k', embedder: 'f' })).rejects.toMatchObject({ code: 'invalid' });
    await ingest(kb.client, { kb: 'k', embedders: [E, F], files });
    expect((await kb.call('kb.switch', { kb: 'k', embedder: 'f' })).embedders).toEqual(['f', 'e']);
    expect((await search('two', { mode: 'vector' })).embedder).toBe('f');
    expect((await kb.call('kb.rollback', { kb: 'k' })).embedders).toEqual(['e', 'f']);
  });

  it('that changed under their name are refused for queries until the texts are embedded again', async () => {
    await create();
    await ingest(kb.client, {
      kb: 'k',
      embedders: [{ ...E, fingerprint: hashOf('older weights') }],
      files: { '/a': 'one' },
    });
    await expect(search('one', { mode: 'vector' })).rejects.toMatchObject({ code: 'invalid' });
    await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': 'one' } });
    expect((await search('one', { mode: 'vector' })).hits).toHaveLength(1);
  });
});

describe('search', () => {
  beforeEach(async () => {
    await create();
    await ingest(kb.client, {
      kb: 'k',
      embedders: [E],
      files: {
        '/d/zh/a.md': '北京是中国的首都',
        '/d/en/b.md': 'Paris is the capital of France',
        '/d/en/c.txt': 'the capital letter',
      },
      metadata: (file) => ({ lang: file.includes('/zh/') ? 'zh' : 'en' }),
    });
  });

  it('filters by metadata and path in every mode', async () => {
    for (const mode of ['vector', 'bm25', 'hybrid'] as const) {
      const found = async (filter: Record<string, string>) =>
        (await search('capital 首都', { mode, filter })).hits.map((hit) => hit.document).sort();
      expect(await found({ lang: 'zh' })).toEqual(['/d/zh/a.md']);
      expect(await found({ path: '*.md', lang: 'en' })).toEqual(['/d/en/b.md']);
      expect(await found({ path: '/nowhere/*' })).toEqual([]);
    }
  });

  it('fuses both arms and shows where each had a hit', async () => {
    const { hits, mode, search: kind } = await search('capital of France', { mode: 'hybrid' });
    expect(mode).toBe('hybrid');
    expect(kind).toBe('exact');
    for (const hit of hits) {
      const expected =
        (hit.arms.vector ? 1 / (10 + hit.arms.vector.rank) : 0) + (hit.arms.bm25 ? 1 / (10 + hit.arms.bm25.rank) : 0);
      expect(hit.scoreKind).toBe('rrf');
      expect(hit.score).toBeCloseTo(expected, 12);
    }
  });

  it('reranks', async () => {
    const { hits } = await search('capital', { mode: 'hybrid', reranker: 'longest' });
    expect(hits.map((hit) => hit.document)).toEqual(['/d/en/b.md', '/d/en/c.txt', '/d/zh/a.md']);
    expect(hits[0]).toMatchObject({ scoreKind: 'rerank', rank: 1 });
  });

  it('finds Chinese words of one and two characters', async () => {
    expect((await search('首都')).hits.map((hit) => hit.document)).toEqual(['/d/zh/a.md']);
    expect((await search('都')).hits.map((hit) => hit.document)).toEqual(['/d/zh/a.md']);
    expect((await search('中')).hits.map((hit) => hit.document)).toEqual(['/d/zh/a.md']);
  });

  it.each(['', '   ', '"', 'NEAR(', '*', '你好 "AND', "'; DROP TABLE kb;--"])('survives %j', async (query) => {
    expect(Array.isArray((await search(query, { mode: 'hybrid' })).hits)).toBe(true);
  });
});

describe('verify', () => {
  it('repairs what is derived, and says what it did', async () => {
    await create();
    await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': 'one two\nthree', '/b': 'four' } });
    const { writer } = kb.service.context.db;
    writer.db.exec('DELETE FROM fts_1 WHERE rowid = 1');
    writer.db.exec('DELETE FROM member WHERE slot = 2');
    writer.db.exec('UPDATE live_text SET refs = 9 WHERE refs = 1');
    const { ok, checks } = await kb.call('kb.verify', { kb: 'k' });
    expect(ok).toBe(true);
    expect(checks.filter((check) => check.repaired).map((check) => check.name)).toEqual([
      'k/line: live texts',
      'k/line: full-text index',
      'k/line: vectors of e',
    ]);
    const again = await kb.call('kb.verify', {});
    expect(again.checks.filter((check) => !check.ok)).toEqual([]);
    expect((await search('one')).hits).toHaveLength(1);
    expect((await search('three', { mode: 'vector' })).hits).toHaveLength(3);
  });
});

describe('a vector whose bytes changed', () => {
  it('is found, taken out, said, and made anew by the next ingest', async () => {
    await create();
    const files = { '/a': 'one two\nthree', '/b': 'four' };
    await ingest(kb.client, { kb: 'k', embedders: [E], files });
    const { db } = kb.service.context.db.writer;
    const { v } = z.object({ v: z.instanceof(Buffer) }).parse(db.prepare('SELECT v FROM vec WHERE slot = 2').get());
    // The lowest bit of one number: no sum or length would tell.
    v[0] = (v[0] ?? 0) ^ 1;
    db.exec('DROP TRIGGER vec_fixed');
    db.prepare('UPDATE vec SET v = ? WHERE slot = 2').run(v);
    const { ok, checks } = await kb.call('kb.verify', { kb: 'k' });
    expect(ok).toBe(false);
    expect(checks.filter((check) => !check.ok)).toEqual([
      expect.objectContaining({ name: 'vectors', repaired: false, detail: expect.stringContaining('1 were damaged') }),
    ]);
    expect((await search('three', { mode: 'vector' })).hits).toHaveLength(2);
    const { session } = await begin();
    const known = await kb.call('ingest.sources', { session: session ?? '' });
    expect(known.map(({ path: file, recipe }) => [file, /^0+$/.test(recipe)])).toEqual([
      ['/a', true],
      ['/b', false],
    ]);
    await kb.call('ingest.end', { session: session ?? '', report: emptyReport() });
    expect(await ingest(kb.client, { kb: 'k', embedders: [E], files })).toEqual({ embedded: 1 });
    expect((await search('three', { mode: 'vector' })).hits).toHaveLength(3);
    expect((await kb.call('kb.verify', {})).checks.filter((check) => !check.ok)).toEqual([]);
  });
});

describe('an update that cuts text differently', () => {
  it('makes the full-text rows anew', async () => {
    await create();
    await ingest(kb.client, { kb: 'k', embedders: [E], files: { '/a': '北京 hello' } });
    const { db } = kb.service.context;
    db.writer.db.exec("UPDATE meta SET v = '0' WHERE k = 'fts_version'");
    db.writer.db.exec("DELETE FROM fts_1; INSERT INTO fts_1(rowid, title, body) VALUES(1, '', 'cut the old way')");
    await kb.service.close();
    kb = openService(workspace.paths, { e: 16, f: 16 });
    await kb.service.settled();
    expect((await search('cut the old way')).hits).toEqual([]);
    expect((await search('北京')).hits).toHaveLength(1);
    expect((await kb.call('kb.verify', {})).checks.filter((check) => !check.ok)).toEqual([]);
  });
});

describe('answers', () => {
  it('are kept, listed newest first, filtered and removed', async () => {
    const answer = (question: string) => ({ question, answer: 'x', pipeline: { kb: 'k', llm: 'm' }, extra: 1 });
    const first = await kb.call('answers.add', { answer: answer('什么是首都？') });
    await kb.call('answers.add', { answer: answer('What is revenue?') });
    const listed = await kb.call('answers.list', {});
    expect(listed.map((entry) => entry.question)).toEqual(['What is revenue?', '什么是首都？']);
    expect(listed[1]?.answer).toEqual(answer('什么是首都？'));
    expect(await kb.call('answers.list', { filter: '首都' })).toHaveLength(1);
    expect(await kb.call('answers.list', { filter: 'REVENUE' })).toHaveLength(1);
    await kb.call('answers.remove', { id: first.id });
    expect(await kb.call('answers.list', {})).toHaveLength(1);
    await expect(kb.call('answers.add', { answer: { nonsense: 1 } })).rejects.toMatchObject({ code: 'invalid' });
  });
});
