import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireWriterLock } from '../../src/db/writer-lock.ts';
import { connectKb } from '../../src/kb/client.ts';
import { buildInChild } from '../../src/kb/index/builder.ts';
import { PROTOCOL_VERSION } from '../../src/kb/protocol.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { isAlive, processIdentity, waitUntil } from '../../src/platform/processes.ts';
import {
  fakeEmbedder,
  fakeVector,
  ingest,
  type OpenedService,
  openService,
  tempWorkspace,
} from '../support/kb-service.ts';

// So wide that a thousand vectors are worth an index.
const DIM = 4096;
const COUNT = 1100;
const GROUPS = [{ name: 'line', splitter: 'line' as const }];
const E = fakeEmbedder('e', DIM);
const LINES = Array.from({ length: COUNT }, (_, at) => `text number ${at}`);
const FILES = Object.fromEntries(
  Array.from({ length: 11 }, (_, at) => [`/d/${at}`, LINES.slice(at * 100, at * 100 + 100).join('\n')]),
);

let workspace: ReturnType<typeof tempWorkspace>;
let kb: OpenedService | undefined;
beforeAll(() => {
  execFileSync(process.execPath, [path.join(packageRoot(), 'scripts', 'build.js')], { stdio: 'inherit' });
});
beforeEach(() => {
  workspace = tempWorkspace();
});
afterEach(async () => {
  delete process.env['RAGTUI_CRASH_AT'];
  await close();
  workspace.remove();
});

const open = () => {
  kb = openService(workspace.paths, { e: DIM }, buildInChild);
  return kb;
};
const close = async () => {
  const closing = kb;
  kb = undefined;
  await closing?.service.settled();
  await closing?.service.close();
};
const segments = () => readdirSync(workspace.paths.indexes).filter((name) => name.startsWith('seg-'));
const inFolder = (name: string) => path.join(workspace.paths.indexes, name);

async function filled(): Promise<OpenedService> {
  const opened = open();
  await opened.call('kb.create', { name: 'k', groups: GROUPS, embedders: ['e'] });
  await ingest(opened.client, { kb: 'k', embedders: [E], files: FILES });
  await opened.service.settled();
  return opened;
}

const vectors = new Map<string, Float32Array>();
function vectorOf(text: string): Float32Array {
  const vector = vectors.get(text) ?? fakeVector('e', text, DIM);
  vectors.set(text, vector);
  return vector;
}
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}

/** Every text finds itself with cosine 1, and the ten nearest are those of a plain scan, but for what HNSW may miss. */
async function expectRight(opened: OpenedService, lines: readonly string[], kind: 'hnsw' | 'exact'): Promise<void> {
  let found = 0;
  const asked = lines.filter((_, at) => at % 100 === 7);
  for (const line of asked) {
    const { hits, search } = await opened.call('search', { kb: 'k', query: line, mode: 'vector', topK: 10 });
    expect(search).toBe(kind);
    expect(hits[0]?.text).toBe(line);
    expect(hits[0]?.score).toBeCloseTo(1, 4);
    const query = vectorOf(line);
    const nearest = lines
      .map((text) => ({ text, score: dot(vectorOf(text), query) }))
      .sort((x, y) => y.score - x.score);
    const truth = new Set(nearest.slice(0, 10).map((entry) => entry.text));
    for (const hit of hits) expect(lines).toContain(hit.text);
    found += hits.filter((hit) => truth.has(hit.text)).length;
  }
  expect(found / (asked.length * 10)).toBeGreaterThanOrEqual(kind === 'exact' ? 1 : 0.95);
}

describe('an index file', () => {
  it('is built in a child, used, and found again after a restart', async () => {
    const opened = await filled();
    expect(segments()).toHaveLength(1);
    expect(opened.log).toEqual([]);
    await expectRight(opened, LINES, 'hnsw');
    const before = segments();
    await close();
    const again = open();
    await expectRight(again, LINES, 'hnsw');
    expect(segments()).toEqual(before);
    expect((await again.call('kb.verify', {})).checks.filter((check) => !check.ok)).toEqual([]);
  });

  it('never returns what was deleted, and finds it again when it comes back', async () => {
    const opened = await filled();
    const removed = FILES['/d/3'] ?? '';
    await ingest(opened.client, { kb: 'k', embedders: [E], files: { '/d/3': null } });
    const left = LINES.filter((line) => !removed.split('\n').includes(line));
    await expectRight(opened, left, 'hnsw');
    expect(await ingest(opened.client, { kb: 'k', embedders: [E], files: { '/d/3': removed } })).toEqual({
      embedded: 0,
    });
    await expectRight(opened, LINES, 'hnsw');
  });

  it.each([
    ['cut off', (file: string) => truncateSync(file, statSync(file).size - 1000)],
    ['changed in one byte', (file: string) => flip(file, 5000)],
    ['changed in its links', (file: string) => flip(file, 120)],
    ['gone', (file: string) => rmSync(file)],
  ])('that is %s is not believed: exact search serves and the file is built again', async (_what, damage) => {
    await filled();
    await close();
    const [name = ''] = segments();
    damage(inFolder(name));
    const opened = open();
    const first = await opened.call('search', { kb: 'k', query: LINES[5] ?? '', mode: 'vector', topK: 1 });
    expect(first).toMatchObject({ search: 'exact', hits: [{ text: LINES[5] }] });
    expect((await opened.call('kb.show', { kb: 'k' })).indexes[0]?.search).toBe('rebuilding');
    await opened.service.settled();
    expect(opened.log).toHaveLength(1);
    expect(segments()).toHaveLength(1);
    expect(segments()).not.toEqual([name]);
    await expectRight(opened, LINES, 'hnsw');
  });

  it('of another index of the same size is not believed', async () => {
    const opened = await filled();
    await opened.call('kb.create', { name: 'other', groups: GROUPS, embedders: ['e'] });
    const others = Object.fromEntries(
      Object.entries(FILES).map(([file, text]) => [file, text.replaceAll('text', 'TEXT')]),
    );
    await ingest(opened.client, { kb: 'other', embedders: [E], files: others });
    await opened.service.settled();
    await close();
    const [a = '', b = ''] = segments();
    renameSync(inFolder(a), inFolder('swap'));
    renameSync(inFolder(b), inFolder(a));
    renameSync(inFolder('swap'), inFolder(b));
    const again = open();
    for (const [name, line] of [
      ['k', LINES[8] ?? ''],
      ['other', (LINES[8] ?? '').replace('text', 'TEXT')],
    ] as const) {
      const { hits } = await again.call('search', { kb: name, query: line, mode: 'vector', topK: 3 });
      expect(hits[0]?.text).toBe(line);
      expect(hits.every((hit) => hit.text.startsWith(line.slice(0, 4)))).toBe(true);
    }
    await again.service.settled();
    expect(again.log).toHaveLength(2);
  });

  it('found damaged by verify is built again', async () => {
    const opened = await filled();
    flip(inFolder(segments()[0] ?? ''), 9000);
    const { ok, checks } = await opened.call('kb.verify', { kb: 'k' });
    expect(ok).toBe(true);
    expect(checks.filter((check) => check.repaired).map((check) => check.name)).toEqual(['k/line: index']);
    await opened.service.settled();
    expect((await opened.call('kb.verify', { kb: 'k' })).checks.filter((check) => !check.ok)).toEqual([]);
    await expectRight(opened, LINES, 'hnsw');
  });

  it('goes with its knowledge base', async () => {
    const opened = await filled();
    await opened.call('kb.delete', { kb: 'k' });
    await opened.service.settled();
    expect(segments()).toEqual([]);
    expect(opened.service.context.read.db.prepare('SELECT count(*) FROM chunk').pluck().get()).toBe(0);
  });

  it('whose builder always dies costs nothing but speed', async () => {
    process.env['RAGTUI_CRASH_AT'] = 'after_tmp';
    const opened = await filled();
    expect(opened.log.length).toBeGreaterThan(0);
    expect(segments()).toEqual([]);
    await expectRight(opened, LINES, 'exact');
  });
});

describe('a service killed while it takes an index over', () => {
  it.each(['after_fsync', 'after_rename', 'before_commit:6', 'after_commit:6'])(
    '%s: nothing is lost',
    async (point) => {
      process.env['RAGTUI_KB_IDLE_MS'] = '300';
      process.env['RAGTUI_CRASH_AT'] = point;
      const client = await connectKb(workspace.paths);
      const identity = processIdentity((await client.call('hello', { version: PROTOCOL_VERSION })).pid);
      await client.call('kb.create', { name: 'k', groups: GROUPS, embedders: ['e'] });
      // Commits: 1 the knowledge base, 1 the session, then document, vectors and publishing of one file.
      const whole = { '/d/all': LINES.join('\n') };
      const outcome = await ingest(client, { kb: 'k', embedders: [E], files: whole }).then(
        () => 'done',
        () => 'died',
      );
      if (point !== 'after_fsync') {
        expect(identity && (await waitUntil(() => !isAlive(identity), 60_000))).toBe(true);
      }
      delete process.env['RAGTUI_CRASH_AT'];
      await client.close();
      // The kernel frees the lock a moment after the process is gone.
      expect(await waitUntil(freeLock, 60_000)).toBe(true);
      delete process.env['RAGTUI_KB_IDLE_MS'];
      const opened = open();
      expect(readdirSync(workspace.paths.indexes).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      expect(outcome).toBe('done');
      expect((await opened.call('kb.show', { kb: 'k' })).indexes[0]).toMatchObject({ vectors: COUNT, missing: 0 });
      await opened.call('search', { kb: 'k', query: 'x', mode: 'vector' });
      await opened.service.settled();
      await expectRight(opened, LINES, 'hnsw');
      expect((await opened.call('kb.verify', {})).checks.filter((check) => !check.ok)).toEqual([]);
      expect(segments()).toHaveLength(1);
      expect(existsSync(inFolder(segments()[0] ?? ''))).toBe(true);
    },
  );
});

function freeLock(): boolean {
  const lock = acquireWriterLock(workspace.paths.writerLock);
  lock?.release();
  return lock !== undefined;
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at);
  writeFileSync(file, bytes);
}
