import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getMeta, setMeta } from '../../../src/db/open.ts';
import { leaveCopiedCollections } from '../../../src/kb/projection/copied.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { fakeEmbedder, ingest, type OpenedService, openService, tempWorkspace } from '../../support/kb-service.ts';
import { MemoryServer } from '../../support/memory-backend.ts';

const DIM = 16;
const EMBEDDER = fakeEmbedder('small', DIM);
const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => `line ${from + at} of the text`).join('\n');

let workspace: ReturnType<typeof tempWorkspace>;
let database: MemoryServer;
let opened: OpenedService;

const open = (paths = workspace.paths) =>
  openService(paths, { small: DIM }, undefined, {
    open: async () => database.connect(),
    batchNumbers: DIM * 8,
  });
const put = (files: Record<string, string | null>, kb = 'notes') =>
  ingest(opened.client, { kb, embedders: [EMBEDDER], files, prune: true });
const attach = (server: string | null) => opened.call('kb.attach', { kb: 'notes', server });
const ask = (query: string, more: object = {}) =>
  opened.call('search', { kb: 'notes', query, mode: 'vector', topK: 5, ...more });
const standing = async () => (await opened.call('kb.show', { kb: 'notes' })).indexes[0]?.server;
const settled = () => opened.service.settled();
/** Slots that the server has, and those that it should have. */
const held = () => [...database.collections.values()].map(({ vectors }) => [...vectors.keys()].sort((a, b) => a - b));
const members = () => {
  const { read } = opened.service.context;
  return read.index.all().map(({ id }) => read.index.slotsAfter(id, 0, 1e6));
};
const found = ({ hits }: { hits: readonly { text: string; score: number }[] }) =>
  hits.map(({ text, score }) => [text, score.toFixed(5)]);
const unavailable = () => {
  throw new RagtuiError('unavailable', 'Nobody answers.');
};

beforeEach(async () => {
  workspace = tempWorkspace();
  database = new MemoryServer();
  opened = open();
  await opened.call('kb.create', { name: 'notes', groups: [{ name: 'line', splitter: 'line' }], embedders: ['small'] });
});
afterEach(async () => {
  await opened.service.close();
  workspace.remove();
});

describe('an index kept on a vector database too', () => {
  it('is filled, follows what comes and goes, and gives the answers of the embedded index', async () => {
    await put({ 'a.txt': lines(0, 300), 'b.txt': lines(300, 50) });
    const before = await ask('line 7 of the text');
    expect(before.server).toBeUndefined();
    await attach('db');
    await settled();
    expect(held()).toEqual(members());
    expect(await standing()).toEqual({ server: 'db', state: 'current', behind: 0, reason: null });
    const after = await ask('line 7 of the text');
    expect(after).toMatchObject({ search: 'server', server: { name: 'db', answered: true, why: null } });
    expect(found(after)).toEqual(found(before));

    await put({ 'a.txt': lines(0, 120), 'b.txt': null, 'c.txt': lines(900, 40) });
    await settled();
    expect(held()).toEqual(members());
    const now = await ask('line 905 of the text');
    expect(now).toMatchObject({ search: 'server', hits: { 0: { text: 'line 905 of the text' } } });
    expect(opened.service.context.read.projection.pending(1)).toBe(0);
  });

  it('is made for an embedder that comes later, and answers a hybrid search with its words', async () => {
    await attach('db');
    await put({ 'a.txt': lines(0, 40) });
    await settled();
    expect(held()).toEqual(members());
    const answer = await ask('line 11 of the text', { mode: 'hybrid' });
    expect(answer).toMatchObject({ search: 'server', hits: { 0: { text: 'line 11 of the text' } } });
    expect(Object.keys(answer.hits[0]?.arms ?? {}).sort()).toEqual(['bm25', 'vector']);
  });

  it('filters as the embedded index does', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}.txt`, lines(at * 10, 10)]));
    await put(files);
    const filters = [{ path: 'f3.txt' }, { path: 'f?.txt' }, { path: 'none.txt' }, { path: '*.txt' }];
    const before = [];
    for (const filter of filters) before.push(found(await ask('line 37 of the text', { filter })));
    await attach('db');
    await settled();
    for (const [at, filter] of filters.entries()) {
      const answer = await ask('line 37 of the text', { filter });
      expect(answer.server?.answered).toBe(true);
      expect(found(answer)).toEqual(before[at]);
    }
  });

  it('lists what a filter lets through only when that is little, and counts no log for a search', async () => {
    await put(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}.txt`, lines(at * 10, 10)])));
    await attach('db');
    await settled();
    const { filter, projection } = opened.service.context.read;
    const listed = vi.spyOn(filter, 'slots');
    const counted = vi.spyOn(projection, 'pending');
    expect((await ask('line 37 of the text', { filter: { path: 'f?.txt' } })).server?.answered).toBe(true);
    expect(listed).not.toHaveBeenCalled();
    expect((await ask('line 37 of the text', { filter: { path: 'f3.txt' } })).server?.answered).toBe(true);
    expect(listed).toHaveBeenCalledOnce();
    expect(counted).not.toHaveBeenCalled();
  });

  it('goes on when another index of the server lost the connection or it is checked, without waiting for its end', async () => {
    await opened.call('kb.create', {
      name: 'more',
      groups: [{ name: 'line', splitter: 'line' }],
      embedders: ['small'],
    });
    await put({ 'a.txt': lines(0, 60) });
    await put({ 'b.txt': lines(100, 60) }, 'more');
    await attach('db');
    await opened.call('kb.attach', { kb: 'more', server: 'db' });
    await settled();
    let over = () => {};
    database.closing = new Promise((resolve) => {
      over = resolve;
    });
    await opened.call('servers.check', { server: 'db' });
    await settled();
    for (const kb of ['notes', 'more']) expect((await ask('line 7', { kb })).server?.answered).toBe(true);
    // The next upsert of one fails; the other finds its connection ended and goes on.
    database.fault = (call) => {
      if (call !== 'upsert') return;
      database.fault = () => undefined;
      unavailable();
    };
    await put({ 'c.txt': lines(200, 5) });
    await settled();
    expect(await standing()).toMatchObject({ state: 'unreachable' });
    await put({ 'd.txt': lines(300, 5) }, 'more');
    await settled();
    expect((await ask('line 303 of the text', { kb: 'more' })).server?.answered).toBe(true);
    expect(opened.log.join('\n')).not.toContain('was ended');
    over();
  });

  it('is filled anew when more changed while the server was away than there is', async () => {
    await put({ 'a.txt': lines(0, 20) });
    await attach('db');
    await settled();
    const [name] = database.collections.keys();
    database.fault = unavailable;
    await put({ 'a.txt': lines(100, 30) });
    await settled();
    expect(await standing()).toMatchObject({ state: 'unreachable', behind: 50 });
    database.fault = () => undefined;
    await opened.call('servers.check', { server: 'db' });
    await settled();
    expect([...database.collections.keys()]).not.toContain(name);
    expect(held()).toEqual(members());
    expect(await standing()).toMatchObject({ state: 'current', behind: 0 });
    expect(opened.log.join()).toContain('more changed than db holds');
  });

  it('goes on where it was when the server went away, and says so meanwhile', async () => {
    await put({ 'a.txt': lines(0, 200) });
    await attach('db');
    await settled();
    database.fault = unavailable;
    await put({ 'b.txt': lines(500, 30) });
    await settled();
    expect(await standing()).toEqual({ server: 'db', state: 'unreachable', behind: 30, reason: 'Nobody answers.' });
    const meanwhile = await ask('line 510 of the text');
    expect(meanwhile).toMatchObject({
      search: 'exact',
      server: { name: 'db', answered: false, why: 'Nobody answers.' },
      hits: { 0: { text: 'line 510 of the text' } },
    });
    database.fault = () => undefined;
    database.calls.length = 0;
    await opened.call('servers.check', { server: 'db' });
    await settled();
    expect(database.calls.filter((call) => call === 'upsert')).toHaveLength(Math.ceil(30 / 8));
    expect(held()).toEqual(members());
    expect((await ask('line 510 of the text')).server?.answered).toBe(true);
  });

  it('sends again what the server may not have when a filling is cut, and not what it has', async () => {
    await put({ 'a.txt': lines(0, 200) });
    // 8 vectors a batch, 16 batches until they are made sure of: the second round of them is cut.
    let upserts = 0;
    database.fault = (call) => {
      if (call === 'upsert') upserts += 1;
      if (upserts === 18) unavailable();
    };
    await attach('db');
    await settled();
    const first = [...database.collections.values()][0]?.vectors.size;
    expect(first).toBe(17 * 8);
    expect(await standing()).toMatchObject({ state: 'unreachable', behind: 200 - 16 * 8 });
    await opened.service.close();
    database.fault = () => undefined;
    database.calls.length = 0;
    opened = open();
    await settled();
    expect(database.calls.filter((call) => call === 'upsert')).toHaveLength(9);
    expect(held()).toEqual(members());
  });

  it('is filled again by itself when its collection is gone', async () => {
    await put({ 'a.txt': lines(0, 60) });
    await attach('db');
    await settled();
    database.collections.clear();
    await put({ 'b.txt': lines(100, 10) });
    await expect.poll(held).toEqual(members());
    await settled();
    expect(await standing()).toMatchObject({ state: 'current' });
  });

  it('begins anew when the server was put back to an older copy', async () => {
    await put({ 'a.txt': lines(0, 60), 'b.txt': lines(60, 10) });
    await attach('db');
    await settled();
    const [entry] = database.collections.values();
    const old = new Map(entry?.vectors);
    const mark = entry?.mark ?? null;
    await put({ 'b.txt': null, 'c.txt': lines(200, 10) });
    await settled();
    await opened.service.close();
    for (const [slot, vector] of old) entry?.index.add(slot, vector);
    if (entry) {
      entry.vectors = old;
      entry.mark = mark;
    }
    opened = open();
    await settled();
    expect(held()).toEqual(members());
    expect(opened.log.join()).toContain('stands at change');
  });

  it('is not asked while it holds other vectors; verify says what is off, and has it filled again', async () => {
    await put({ 'a.txt': lines(0, 60) });
    await attach('db');
    await settled();
    expect((await opened.call('kb.verify', { kb: 'notes' })).checks.at(-2)).toEqual({
      name: 'notes/line: vectors on db',
      ok: true,
      detail: '60 vectors, exact, 60 of them compared',
      repaired: false,
    });
    const [entry] = database.collections.values();
    entry?.vectors.delete(5);
    entry?.index.remove(5);
    await opened.call('servers.check', { server: 'db' });
    const report = await opened.call('kb.verify', { kb: 'notes' });
    expect(report.ok).toBe(true);
    const check = report.checks.find(({ name }) => name === 'notes/line: vectors on db');
    expect(check).toMatchObject({ ok: false, repaired: true });
    expect(check?.detail).toContain('it holds 59 vectors, there are 60; 1 of 60 vectors looked at are missing');
    expect((await ask('line 5 of the text')).hits[0]?.text).toBe('line 5 of the text');
    await settled();
    expect(held()).toEqual(members());
    expect(await standing()).toMatchObject({ state: 'current' });
  });

  it('is filled again as promised also when the server does not answer at first', async () => {
    await put({ 'a.txt': lines(0, 20) });
    await attach('db');
    await settled();
    const [name] = database.collections.keys();
    database.fault = unavailable;
    await opened.call('kb.reindex', { kb: 'notes' });
    await settled();
    expect([...database.collections.keys()]).toEqual([name]);
    database.fault = () => undefined;
    await opened.call('servers.check', { server: 'db' });
    await settled();
    expect([...database.collections.keys()]).not.toContain(name);
    expect(held()).toEqual(members());
    expect(await standing()).toMatchObject({ state: 'current' });
  });

  it('is not blamed for what changes while it is verified', async () => {
    await put({ 'a.txt': lines(0, 40), 'b.txt': lines(40, 20) });
    await attach('db');
    await settled();
    const before = [...database.collections.keys()];
    database.fault = async (call) => {
      if (call !== 'fetch') return;
      database.fault = () => undefined;
      await put({ 'b.txt': null });
      await settled();
    };
    const { checks } = await opened.call('kb.verify', { kb: 'notes' });
    expect(checks.find(({ name }) => name === 'notes/line: vectors on db')).toMatchObject({
      ok: true,
      detail: '40 vectors, exact, 40 of them compared',
    });
    await settled();
    expect([...database.collections.keys()]).toEqual(before);
  });

  it('lets the embedded index answer when texts change while the server is asked', async () => {
    await put({ 'a.txt': lines(0, 60) });
    await attach('db');
    await settled();
    database.fault = async (call) => {
      if (call !== 'search') return;
      database.fault = () => undefined;
      await put({ 'b.txt': 'something new' });
    };
    expect(await ask('something new')).toMatchObject({
      search: 'exact',
      server: { answered: false, why: 'texts changed while it was asked' },
      hits: { 0: { text: 'something new' } },
    });
  });

  it('leaves nothing behind: detached, or with its knowledge base, also when the server is away at that time', async () => {
    await put({ 'a.txt': lines(0, 20) });
    await attach('db');
    await settled();
    expect(database.collections.size).toBe(1);
    await attach(null);
    await settled();
    expect(database.collections.size).toBe(0);
    expect((await ask('line 3 of the text')).server).toBeUndefined();
    await attach('db');
    await settled();
    await expect(opened.call('servers.forget', { server: 'db' })).rejects.toMatchObject({ code: 'busy' });
    database.fault = unavailable;
    await opened.call('kb.delete', { kb: 'notes' });
    await settled();
    expect(database.collections.size).toBe(1);
    database.fault = () => undefined;
    await opened.call('servers.check', { server: 'db' });
    await settled();
    expect(database.collections.size).toBe(0);
    expect(opened.service.context.read.projection.all()).toEqual([]);
  });

  it('takes collections of its own after a restore, and lets those of the other workspace be', async () => {
    await put({ 'a.txt': lines(0, 20) });
    await attach('db');
    await settled();
    const [name = ''] = database.collections.keys();
    await opened.service.close();
    writeFileSync(workspace.paths.restored, '{}');
    opened = open();
    await settled();
    expect(existsSync(workspace.paths.restored)).toBe(false);
    expect(database.collections.has(name)).toBe(true);
    expect([...database.collections.keys()]).toHaveLength(2);
    expect(held()[1]).toEqual(members()[0]);
    expect(await standing()).toMatchObject({ state: 'current' });
  });

  it('keeps its collections behind a link to the workspace, and takes new ones on another machine', async () => {
    await put({ 'a.txt': lines(0, 20) });
    await attach('db');
    await settled();
    await opened.service.close();
    const link = `${workspace.paths.home}-link`;
    symlinkSync(workspace.paths.home, link);
    opened = open(workspacePaths(link, {}));
    await settled();
    expect(database.collections.size).toBe(1);
    const { write, read } = opened.service.context;
    const collection = () => read.projection.all()[0]?.collection;
    const name = collection();
    // As former versions left it: the folder as it was named, no machine.
    setMeta(write.db, 'projection_home', link);
    write.db.prepare("DELETE FROM meta WHERE k = 'projection_machine'").run();
    leaveCopiedCollections(write, workspace.paths, 'this');
    expect(collection()).toBe(name);
    expect(getMeta(write.db, 'projection_machine')).toBe('this');
    leaveCopiedCollections(write, workspace.paths, 'another');
    const other = collection();
    expect(other).not.toBe(name);
    leaveCopiedCollections(write, workspace.paths, 'another');
    expect(collection()).toBe(other);
    rmSync(link);
  });

  it('is not attached to a server that cannot be used', async () => {
    database.fault = () => {
      throw new RagtuiError('permission', 'Refused.');
    };
    await expect(attach('db')).rejects.toMatchObject({ code: 'permission' });
    expect((await opened.call('kb.show', { kb: 'notes' })).server).toBeUndefined();
  });

  it('moves to another server, whole', async () => {
    await put({ 'a.txt': lines(0, 20) });
    await attach('db');
    await settled();
    const [name] = database.collections.keys();
    await attach('other');
    await settled();
    expect([...database.collections.keys()]).not.toContain(name);
    expect(held()).toEqual(members());
    expect(await standing()).toMatchObject({ server: 'other', state: 'current' });
  });
});
