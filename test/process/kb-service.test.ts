import { execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireWriterLock } from '../../src/db/writer-lock.ts';
import { connectKb } from '../../src/kb/client.ts';
import { type KbClient, PROTOCOL_VERSION } from '../../src/kb/protocol.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import type { RagtuiError } from '../../src/platform/errors.ts';
import { isAlive, processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { emptyReport, fakeEmbedder, ingest, lineChunks, sourceOf, tempWorkspace } from '../support/kb-service.ts';

const GROUPS = [{ name: 'line', splitter: 'line' as const }];
const EMBEDDER = fakeEmbedder('e', 16);

let workspace: ReturnType<typeof tempWorkspace>;
const clients: KbClient[] = [];

beforeAll(() => {
  execFileSync(process.execPath, [path.join(packageRoot(), 'scripts', 'build.js')], { stdio: 'inherit' });
});
beforeEach(() => {
  workspace = tempWorkspace();
  process.env['RAGTUI_KB_IDLE_MS'] = '300';
});
afterEach(async () => {
  const pid = await servicePid().catch(() => undefined);
  for (const client of clients.splice(0)) await client.close();
  const identity = pid === undefined ? undefined : processIdentity(pid);
  if (identity) await waitUntil(() => !isAlive(identity), 10_000);
  delete process.env['RAGTUI_KB_IDLE_MS'];
  workspace.remove();
});

async function connect(): Promise<KbClient> {
  const client = await connectKb(workspace.paths);
  clients.push(client);
  return client;
}
const hello = (client: KbClient) => client.call('hello', { version: PROTOCOL_VERSION });
const servicePid = async () => (clients[0] ? (await hello(clients[0])).pid : undefined);

describe('starting and leaving', () => {
  it('starts one service however many ask at once, and it leaves after the last of them', async () => {
    const started = await Promise.all(Array.from({ length: 5 }, () => connect()));
    const pids = await Promise.all(started.map(async (client) => (await hello(client)).pid));
    expect(new Set(pids).size).toBe(1);
    expect(statSync(workspace.paths.run).mode & 0o777).toBe(0o700);
    expect(statSync(workspace.paths.socket).mode & 0o777).toBe(0o600);
    const identity = processIdentity(pids[0] ?? 0);
    for (const client of clients.splice(0)) await client.close();
    expect(identity && (await waitUntil(() => !isAlive(identity), 10_000))).toBe(true);
    const lock = acquireWriterLock(workspace.paths.writerLock);
    expect(lock).toBeDefined();
    lock?.release();
  });

  it('replaces a socket that nobody answers on', async () => {
    mkdirSync(workspace.paths.run, { recursive: true, mode: 0o700 });
    const stale = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(workspace.paths.socket)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    await once(stale, 'exit');
    expect(existsSync(workspace.paths.socket)).toBe(true);
    expect(await (await connect()).call('kb.list', {})).toEqual([]);
  });

  it('says why it cannot start', async () => {
    mkdirSync(workspace.paths.home, { recursive: true });
    writeFileSync(workspace.paths.database, 'this is no database'.repeat(5000));
    await expect(connectKb(workspace.paths)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('leaves when a newer program greets it, and is refused by an older one', async () => {
    const client = await connect();
    const identity = processIdentity((await hello(client)).pid);
    const socket = net.connect(workspace.paths.socket);
    socket.on('error', () => undefined);
    socket.write(`${JSON.stringify({ id: 1, method: 'hello', params: { version: PROTOCOL_VERSION + 1 } })}\n`);
    expect(identity && (await waitUntil(() => !isAlive(identity), 10_000))).toBe(true);
    socket.destroy();
    // The next one is started for us: a newer program would have started its own.
    const again = await hello(client);
    expect(again.pid).not.toBe(identity?.pid);
    expect(again.version).toBe(PROTOCOL_VERSION);
  });
});

describe('the wire', () => {
  it('answers nonsense with an error and goes on', async () => {
    await connect();
    const socket = net.connect(workspace.paths.socket);
    socket.setEncoding('utf8');
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
    });
    const send = (line: string) => socket.write(`${line}\n`);
    send('not json');
    send('{"id":2,"method":"constructor","params":{}}');
    send('{"id":3,"method":"kb.show","params":{"kb":5}}');
    send('{"id":4,"method":"kb.list","params":{}}');
    expect(await waitUntil(() => received.split('\n').length > 4, 10_000)).toBe(true);
    const answers = received
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; error?: { code: string } });
    const byId = new Map(answers.map((answer) => [answer.id, answer.error?.code ?? 'ok']));
    expect(byId).toEqual(
      new Map([
        [-1, 'invalid'],
        [2, 'unsupported'],
        [3, 'invalid'],
        [4, 'ok'],
      ]),
    );
    socket.destroy();
  });

  it('refuses a message over 64 MB on the sending side, and closes on one that comes anyway', async () => {
    const client = await connect();
    const name = 'x'.repeat(65 * 1024 * 1024);
    await expect(client.call('kb.show', { kb: name })).rejects.toMatchObject({ code: 'invalid' });
    const socket = net.connect(workspace.paths.socket);
    socket.on('error', () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('x'.repeat(65 * 1024 * 1024));
    await closed;
    expect(await client.call('kb.list', {})).toEqual([]);
  });

  it('serves others while one client does not read its answers', async () => {
    const client = await connect();
    await client.call('kb.create', { name: 'k', groups: GROUPS, embedders: [] });
    const text = Array.from({ length: 5000 }, (_, at) => `line ${at} ${'x'.repeat(200)}`).join('\n');
    await ingest(client, { kb: 'k', embedders: [], files: { '/d/a.txt': text } });
    const [document] = (await client.call('kb.documents', { kb: 'k' })).documents;
    const deaf = net.connect(workspace.paths.socket);
    deaf.pause();
    deaf.on('error', () => undefined);
    const ask = { method: 'kb.document', params: { kb: 'k', id: document?.id } };
    for (let id = 1; id <= 500; id += 1) deaf.write(`${JSON.stringify({ id, ...ask })}\n`);
    const { pid } = await hello(client);
    expect((await client.call('search', { kb: 'k', query: 'line', mode: 'bm25' })).hits).toHaveLength(5);
    // 500 answers of 1 MB are not piled up in the service.
    expect(residentMegabytes(pid)).toBeLessThan(400);
    deaf.destroy();
  });
});

const residentMegabytes = (pid: number) => {
  const pages = Number(execFileSync('cat', [`/proc/${pid}/statm`], { encoding: 'utf8' }).split(' ')[1]);
  return (pages * 4096) / 1e6;
};

describe('when the service dies', () => {
  it('replays reads, tells of the restart, and ends ingest sessions', async () => {
    const client = await connect();
    await client.call('kb.create', { name: 'k', groups: GROUPS, embedders: ['e'] });
    const { session } = await client.call('ingest.begin', {
      kb: 'k',
      groups: GROUPS,
      embedders: [EMBEDDER],
      roots: [],
      owner: 'job',
    });
    let restarts = 0;
    client.onRestart(() => {
      restarts += 1;
    });
    process.kill((await hello(client)).pid, 'SIGKILL');
    const failed = await client
      .call('ingest.end', { session: session ?? '', report: emptyReport() })
      .catch((error: RagtuiError) => error.code);
    expect(failed).toBe('unavailable');
    expect((await client.call('kb.show', { kb: 'k' })).ingesting).toBeNull();
    expect(restarts).toBe(1);
  });

  it('an ingest of another client waits, and gets its turn when the first connection closes', async () => {
    const [first, second] = [await connect(), await connect()];
    await first.call('kb.create', { name: 'k', groups: GROUPS, embedders: ['e'] });
    const begin = { kb: 'k', groups: GROUPS, embedders: [EMBEDDER], roots: [], owner: 'job-1' };
    expect((await first.call('ingest.begin', begin)).session).not.toBeNull();
    expect(await second.call('ingest.begin', { ...begin, owner: 'job-2' })).toEqual({ session: null, heldBy: 'job-1' });
    expect((await second.call('kb.show', { kb: 'k' })).ingesting).toBe('job-1');
    await first.close();
    expect(
      await waitUntil(
        async () => (await second.call('ingest.begin', { ...begin, owner: 'job-2' })).session !== null,
        10_000,
      ),
    ).toBe(true);
  });

  it('gives the same knowledge base as an undisturbed run, killed at ten random moments of an ingest', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, file) => [
        `/d/${file}.txt`,
        Array.from({ length: 30 }, (_, line) => `文件${file}的第${line}行 about topic ${(file * 7 + line) % 40}`).join(
          '\n',
        ),
      ]),
    );
    const client = await connect();
    await client.call('kb.create', { name: 'k', groups: GROUPS, embedders: ['e'] });
    const seen: string[][] = [];
    for (let round = 0; round < 10; round += 1) {
      // Each round a new wording of every file, so that there is something to flip.
      const wanted = Object.fromEntries(Object.entries(files).map(([file, text]) => [file, `${text}\nround ${round}`]));
      const { pid } = await hello(client);
      const kill = setTimeout(() => process.kill(pid, 'SIGKILL'), randomInt(5, 120));
      await ingest(client, { kb: 'k', embedders: [EMBEDDER], files: wanted }).catch((error: RagtuiError) => {
        expect(error.code).toBe('unavailable');
      });
      await waitUntil(() => processIdentity(pid) === undefined, 2000);
      clearTimeout(kill);
      // Whatever the moment: every document is whole, in its old or its new wording.
      for (const text of await liveTexts(client)) {
        expect([wanted, previous(files, round)].flatMap((set) => Object.values(set))).toContain(text);
      }
      const verified = await client.call('kb.verify', { kb: 'k' });
      expect(verified.checks.filter((check) => !check.ok)).toEqual([]);
      await ingest(client, { kb: 'k', embedders: [EMBEDDER], files: wanted });
      seen.push(await liveTexts(client));
      expect(seen.at(-1)?.sort()).toEqual(Object.values(wanted).sort());
    }
    const shown = await client.call('kb.show', { kb: 'k' });
    expect(shown).toMatchObject({ documents: 12, chunks: 12 * 31, failed: 0, ingesting: null });
    expect(shown.indexes[0]).toMatchObject({ missing: 0 });
  });
});

const previous = (files: Record<string, string>, round: number) =>
  Object.fromEntries(Object.entries(files).map(([file, text]) => [file, `${text}\nround ${round - 1}`]));

async function liveTexts(client: KbClient): Promise<string[]> {
  const { documents } = await client.call('kb.documents', { kb: 'k', state: 'live' });
  return Promise.all(documents.map(async ({ id }) => (await client.call('kb.document', { kb: 'k', id })).text));
}

describe('named crash points', () => {
  // Commits of one ingest: the session, the documents, the publishing.
  it.each([
    ['before_commit:1', 'old wording'],
    ['before_commit:3', 'old wording'],
    ['mid_flip', 'old wording'],
    ['after_commit:2', 'old wording'],
    ['after_commit:3', 'new wording'],
  ])('%s leaves the %s, whole', async (point, expected) => {
    const client = await connect();
    await client.call('kb.create', { name: 'k', groups: GROUPS, embedders: [] });
    await ingest(client, { kb: 'k', embedders: [], files: { '/d/a.txt': 'old wording' } });
    await client.close();
    clients.length = 0;
    expect(await waitUntil(freeLock, 10_000)).toBe(true);
    process.env['RAGTUI_CRASH_AT'] = point;
    const doomed = await connect();
    const outcome = await publishOne(doomed, 'new wording').catch((error: RagtuiError) => error.code);
    delete process.env['RAGTUI_CRASH_AT'];
    expect(outcome).toBe('unavailable');
    const after = await connect();
    const texts = await liveTexts(after);
    expect(texts).toEqual([expected]);
    expect((await after.call('kb.verify', { kb: 'k' })).checks.filter((check) => !check.ok)).toEqual([]);
    await publishOne(after, 'new wording');
    expect(await liveTexts(after)).toEqual(['new wording']);
  });
});

const freeLock = () => {
  const lock = acquireWriterLock(workspace.paths.writerLock);
  lock?.release();
  return lock !== undefined;
};

async function publishOne(client: KbClient, text: string): Promise<void> {
  const { session } = await client.call('ingest.begin', {
    kb: 'k',
    groups: GROUPS,
    embedders: [],
    roots: [],
    owner: 'j',
  });
  const source = sourceOf('/d/a.txt', text);
  const document = { key: '', title: 'a', text, metadata: {}, chunks: [{ group: 'line', chunks: lineChunks(text) }] };
  const stored = await client.call('ingest.documents', { session: session ?? '', source, documents: [document] });
  await client.call('ingest.publish', {
    session: session ?? '',
    source,
    revisions: stored.revisions.map((entry) => entry.revision),
  });
}
