import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Progress } from '../../../src/jobs/types.ts';
import type { IngestDeps } from '../../../src/kb/ingest/deps.ts';
import { ingestOnce } from '../../../src/kb/ingest/ingest.ts';
import type { KbClient, Method, Params, SourceRecord } from '../../../src/kb/protocol.ts';
import { methods } from '../../../src/kb/protocol.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { asNobody } from '../../support/hostile-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-ingest-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A kb service in memory: just enough to answer the ingest methods, and a log of what was asked. */
class MemoryService implements KbClient {
  readonly log: string[] = [];
  readonly sources = new Map<string, SourceRecord>();
  readonly vectors = new Set<string>();
  readonly failures = new Map<string, string>();
  busyFor = 0;
  failNext: { method: Method; error: RagtuiError } | undefined;
  private revision = 0;

  async call<M extends Method>(method: M, params: Params<M>) {
    this.log.push(method);
    if (this.failNext?.method === method) {
      const { error } = this.failNext;
      this.failNext = undefined;
      throw error;
    }
    return methods[method].result.parse(this.answer(method, params)) as never;
  }
  async close() {}
  onRestart() {
    return () => undefined;
  }

  private answer(method: Method, params: unknown): unknown {
    switch (method) {
      case 'ingest.begin':
        return this.busyFor-- > 0 ? { session: null, heldBy: 'job-1' } : { session: 's', heldBy: null };
      case 'ingest.sources':
        return [...this.sources.values()];
      case 'ingest.documents': {
        const { documents } = methods['ingest.documents'].params.parse(params);
        const texts = documents.flatMap((d) => d.chunks.flatMap((g) => g.chunks.map((c) => c.text)));
        const missing = [...new Set(texts)]
          .map((text) => ({ embedder: 'e', text, hash: createHash('sha256').update(text).digest('hex').slice(0, 32) }))
          .filter(({ hash }) => !this.vectors.has(hash));
        return { revisions: documents.map(() => ({ revision: ++this.revision, changed: true })), missing };
      }
      case 'ingest.vectors': {
        for (const { hash } of methods['ingest.vectors'].params.parse(params).vectors) this.vectors.add(hash);
        return {};
      }
      case 'ingest.publish': {
        const { source } = methods['ingest.publish'].params.parse(params);
        this.sources.set(source.path, source);
        return { removed: 0 };
      }
      case 'ingest.failed': {
        const { source, reason } = methods['ingest.failed'].params.parse(params);
        this.sources.set(source.path, { ...source, failed: true });
        this.failures.set(source.path, reason);
        return {};
      }
      case 'ingest.remove': {
        const { paths } = methods['ingest.remove'].params.parse(params);
        for (const file of paths) this.sources.delete(file);
        return { removed: paths.length };
      }
      default:
        return {};
    }
  }
}

function deps(kb: KbClient, over: Partial<IngestDeps> = {}): IngestDeps {
  return {
    kb,
    work: {
      kind: 'ingest',
      kb: 'k',
      roots: [folder],
      groups: [{ name: 'line', splitter: 'line' }],
      embedders: ['e'],
      watch: false,
      prune: false,
    },
    owner: 'job-2',
    embedders: [{ id: 'e', fingerprint: 'f'.repeat(32), dimension: 2 }],
    recipe: 'a'.repeat(32),
    isUnreadable: (file) => file.endsWith('.png'),
    walk: async function* () {
      for (const name of ['a.txt', 'b.txt', 'bad.txt', 'one.png', 'two.png']) {
        const file = path.join(folder, name);
        const stat = statSync(file, { throwIfNoEntry: false });
        if (stat) yield { path: file, size: stat.size, mtimeMs: stat.mtimeMs, inode: stat.ino };
      }
    },
    read: async function* (file) {
      if (file.endsWith('bad.txt')) throw new RagtuiError('invalid', 'It is not text.', 'Convert it.');
      yield [{ key: '', title: '', text: path.basename(file), metadata: {} }];
    },
    split: (text) => [{ ordinal: 0, start: 0, end: text.length, title: '', text }],
    embed: async (_lane, _embedder, texts) => ({
      vectors: texts.map(() => new Float32Array([1, 0])),
      tokens: texts.map(() => 3),
    }),
    lanes: 1,
    readers: 3,
    onProgress: () => undefined,
    onLog: () => undefined,
    signal: new AbortController().signal,
    ...over,
  };
}

function write(...names: string[]) {
  for (const name of names) writeFileSync(path.join(folder, name), name);
}

test('good files go in, the bad one has its reason, a second run does nothing', async () => {
  write('a.txt', 'b.txt', 'bad.txt');
  const kb = new MemoryService();
  const first = await ingestOnce(deps(kb));
  expect(first).toMatchObject({ added: 2, changed: 0, chunks: 2, embedded: 2, tokens: 6 });
  expect(first.failed).toEqual([
    { path: path.join(folder, 'bad.txt'), reason: 'It is not text.', hint: 'Convert it.' },
  ]);
  const second = await ingestOnce(deps(kb));
  expect(second).toMatchObject({ added: 0, changed: 0, unchanged: 2, embedded: 0, failed: [] });
  expect(second.warnings).toEqual([
    '1 file that could not be read before has not changed since: ragtui kb documents k --state failed',
  ]);
});

test('kinds that are never read are passed over in a folder, and counted', async () => {
  write('a.txt', 'one.png', 'two.png');
  const report = await ingestOnce(deps(new MemoryService()));
  expect(report).toMatchObject({ added: 1, failed: [] });
  expect(report.warnings).toEqual(['Passed over 2 files that are not read: 2 .png.']);
});

test('vectors are stored before their document is published', async () => {
  write('a.txt');
  const kb = new MemoryService();
  await ingestOnce(deps(kb));
  expect(kb.log.indexOf('ingest.vectors')).toBeLessThan(kb.log.indexOf('ingest.publish'));
  expect(kb.log.at(-1)).toBe('ingest.end');
});

test('a file that is gone leaves', async () => {
  write('a.txt', 'b.txt');
  const kb = new MemoryService();
  await ingestOnce(deps(kb));
  rmSync(path.join(folder, 'b.txt'));
  expect(await ingestOnce(deps(kb))).toMatchObject({ removed: 1, unchanged: 1 });
});

test('a root that is gone is a failure, with prune it is what was meant', async () => {
  const kb = new MemoryService();
  const base = deps(kb);
  const walk: IngestDeps['walk'] = async function* () {
    yield { path: folder, error: new RagtuiError('not-found', 'The file is not there (any more).') };
  };
  expect((await ingestOnce({ ...base, walk })).failed).toHaveLength(1);
  const pruned = await ingestOnce({ ...base, walk, work: { ...base.work, prune: true } });
  expect(pruned.failed).toEqual([]);
  expect(pruned.warnings).toEqual([`${folder} is not there: what came from it leaves.`]);
});

test('a removal the service refuses is a warning, not the end', async () => {
  write('a.txt', 'b.txt');
  const kb = new MemoryService();
  await ingestOnce(deps(kb));
  rmSync(path.join(folder, 'b.txt'));
  kb.failNext = { method: 'ingest.remove', error: new RagtuiError('invalid', 'Half of it is gone.', 'Use --prune.') };
  const report = await ingestOnce(deps(kb));
  expect(report.warnings).toEqual(['Half of it is gone. Use --prune.']);
});

test('it waits while another ingest has the knowledge base, saying whose', async () => {
  write('a.txt');
  const kb = new MemoryService();
  kb.busyFor = 1;
  const phases: string[] = [];
  await ingestOnce(deps(kb, { onProgress: (p) => phases.push(p.phase) }));
  expect(phases[0]).toBe('waiting for job-1');
  expect(phases.at(-1)).toBe('done');
});

test('a service that died is asked again, and nothing is embedded twice', async () => {
  write('a.txt', 'b.txt');
  const kb = new MemoryService();
  kb.failNext = { method: 'ingest.publish', error: new RagtuiError('unavailable', 'The service went away.') };
  let texts = 0;
  const base = deps(kb);
  const report = await ingestOnce({
    ...base,
    embed: (lane, embedder, batch) => {
      texts += batch.length;
      return base.embed(lane, embedder, batch);
    },
  });
  expect(kb.sources.size).toBe(2);
  expect(texts).toBe(2);
  expect(report.failed).toEqual([]);
});

test('an embedder that gives other vectors than it promised ends the ingest, and no file is to blame', async () => {
  write('a.txt', 'b.txt');
  const kb = new MemoryService();
  const other = new RagtuiError('checksum', 'The embedder "vec" gives other vectors than it promised.');
  const failing = ingestOnce({ ...deps(kb), embed: () => Promise.reject(other) });
  await expect(failing).rejects.toMatchObject({ code: 'checksum', message: expect.stringContaining('"vec"') });
  expect(kb.sources.size).toBe(0);
});

test('a file that fails with the code of a lost service or a full disk fails alone', async () => {
  write('a.txt', 'b.txt', 'bad.txt');
  const kb = new MemoryService();
  const base = deps(kb);
  const codes = { 'a.txt': 'unavailable', 'b.txt': 'disk-full' } as const;
  const report = await ingestOnce({
    ...base,
    read: async function* (file, signal) {
      const name = path.basename(file);
      if (name === 'a.txt' || name === 'b.txt') throw new RagtuiError(codes[name], `${name} is odd.`);
      yield* base.read(file, signal);
    },
  });
  expect(report.failed.map(({ reason }) => reason).sort()).toEqual([
    'It is not text.',
    'a.txt is odd.',
    'b.txt is odd.',
  ]);
  expect(kb.log.filter((method) => method === 'ingest.begin')).toHaveLength(1);
});

test('a file that may not be read fails in words, and a pipe in its place does not block', async () => {
  write('a.txt', 'b.txt');
  chmodSync(folder, 0o777);
  chmodSync(path.join(folder, 'a.txt'), 0);
  const base = deps(new MemoryService());
  const report = await asNobody(() =>
    ingestOnce({
      ...base,
      walk: async function* (roots, signal) {
        yield* base.walk(roots, signal);
        rmSync(path.join(folder, 'b.txt'));
        execFileSync('mkfifo', [path.join(folder, 'b.txt')]);
      },
    }),
  );
  expect(report.failed.map(({ reason }) => reason).sort()).toEqual([
    'It is a named pipe, not a file.',
    'The file may not be read by this user.',
  ]);
});

test('a text that comes again before its vector is stored is counted once', async () => {
  write('a.txt');
  const base = deps(new MemoryService());
  const seen: Progress[] = [];
  const document = { key: '', title: '', text: 'the same', metadata: {} };
  await ingestOnce({
    ...base,
    read: async function* () {
      for (let row = 0; row < 50; row++) yield [{ ...document, key: String(row) }];
    },
    embed: async (...args) => {
      await new Promise((resolve) => setImmediate(resolve));
      return base.embed(...args);
    },
    onProgress: (progress) => seen.push(progress),
  });
  const embedded = seen.filter(({ details }) => details?.['embedded'] === 1);
  expect(embedded.length).toBeGreaterThan(1);
  for (const { done, total } of embedded) expect(done).toBe(total);
});

test('stopping throws `cancelled` and still ends the session', async () => {
  write('a.txt', 'b.txt');
  const kb = new MemoryService();
  const stop = new AbortController();
  const base = deps(kb);
  const run = ingestOnce({
    ...base,
    signal: stop.signal,
    embed: async (...args) => {
      stop.abort();
      return base.embed(...args);
    },
  });
  await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  expect(kb.log.at(-1)).toBe('ingest.end');
});

test('stopping with much in the queue embeds only what is in flight', async () => {
  write('a.txt');
  const stop = new AbortController();
  const kb = new MemoryService();
  const base = deps(kb);
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
  let batches = 0;
  const run = ingestOnce({
    ...base,
    signal: stop.signal,
    read: async function* () {
      yield [{ key: '', title: '', text: lines.join('\n'), metadata: {} }];
    },
    split: () => lines.map((text, ordinal) => ({ ordinal, start: 0, end: text.length, title: '', text })),
    embed: async (...args) => {
      batches++;
      // By now all is read and the ingest waits for the queue to empty.
      if (batches === 3) stop.abort();
      return base.embed(...args);
    },
  });
  await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  expect(batches).toBe(3);
});

test('a full disk ends it with its own reason', async () => {
  write('a.txt');
  const kb = new MemoryService();
  kb.failNext = { method: 'ingest.vectors', error: new RagtuiError('disk-full', 'No space left.') };
  await expect(ingestOnce(deps(kb))).rejects.toMatchObject({ code: 'disk-full' });
});
