import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectBackend } from '../../src/kb/backends/registry.ts';
import { addServer } from '../../src/kb/backends/servers.ts';
import { connectKb } from '../../src/kb/client.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { fakeEmbedder, ingest, type OpenedService, openService, tempWorkspace } from '../support/kb-service.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { type PgServer, startPgvector, whyNoPgvector } from '../support/pgvector.ts';
import { CommandWorkspace } from '../support/ragtui.ts';
import { vectorBackendContract } from '../support/vector-backend-contract.ts';
import { EMBEDDER, TestWorkspace } from '../support/workspace.ts';

const skip = whyNoPgvector();
const title = skip === undefined ? '' : ` (skipped: ${skip})`;
let postgres: PgServer;

beforeAll(async () => {
  if (skip === undefined) postgres = await startPgvector();
}, 180_000);
afterAll(() => postgres?.remove());

vectorBackendContract('pgvector', {
  skip,
  connect: () => connectBackend({ server: postgres.server, secret: postgres.password, ca: undefined }),
});

/** Asks the server itself, past all our code. */
async function sql(text: string): Promise<Record<string, unknown>[]> {
  const url = new URL(postgres.server.url);
  url.password = postgres.password;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
const tables = async () =>
  (await sql(`SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'ragtui_%'`)).map(({ relname }) =>
    String(relname),
  );

const DIM = 128;
const FILES = 30;
const EACH = 200;
const COUNT = FILES * EACH;
const FAKE = fakeEmbedder('fake', DIM);
const lines = (from: number, count: number) => Array.from({ length: count }, (_, at) => `text ${from + at}`).join('\n');

describe.skipIf(skip !== undefined)(`a knowledge base on PostgreSQL${title}`, () => {
  let workspace: ReturnType<typeof tempWorkspace>;
  let opened: OpenedService;
  const open = () =>
    openService(workspace.paths, { fake: DIM }, undefined, {
      open: () => connectBackend({ server: postgres.server, secret: postgres.password, ca: undefined }),
      // Small batches: something can happen between them.
      batchNumbers: DIM * 100,
    });
  const standing = async () => (await opened.call('kb.show', { kb: 'big' })).indexes[0]?.server;
  const settled = () => opened.service.settled();
  const count = async () => Number((await sql(`SELECT count(*) AS n FROM ${(await tables())[0]}`))[0]?.['n']);
  const verified = async () =>
    (await opened.call('kb.verify', { kb: 'big' })).checks.find(({ name }) => name.includes('vectors on'));
  /** The texts found for some questions, which of them the server answered, all by one way of asking. */
  const ask = async (more: object = {}, questions = 40) => {
    const found: string[][] = [];
    let answered = 0;
    for (let at = 0; at < questions; at += 1) {
      const params = { kb: 'big', query: `question ${at}`, mode: 'vector' as const, topK: 10, ...more };
      const { hits, server } = await opened.call('search', params);
      found.push(hits.map(({ text }) => text));
      if (server?.answered) answered += 1;
    }
    return { found, answered };
  };
  const recall = (found: readonly string[][], right: readonly string[][]) => {
    const same = found.map((texts, at) => texts.filter((text) => right[at]?.includes(text)).length);
    return same.reduce((sum, one) => sum + one, 0) / right.flat().length;
  };

  beforeEach(async () => {
    workspace = tempWorkspace();
    opened = open();
    await opened.call('kb.create', { name: 'big', groups: [{ name: 'line', splitter: 'line' }], embedders: ['fake'] });
    const files = Object.fromEntries(Array.from({ length: FILES }, (_, at) => [`f${at}.txt`, lines(at * EACH, EACH)]));
    await ingest(opened.client, { kb: 'big', embedders: [FAKE], files });
  });
  afterEach(async () => {
    await opened.call('kb.attach', { kb: 'big', server: null }).catch(() => undefined);
    await settled();
    await opened.service.close();
    workspace.remove();
  });

  it('answers as the embedded index does: all, filtered loosely, filtered to little, and after deletions', async () => {
    const filters = [{}, { path: 'f1*.txt' }, { path: 'f7.txt' }];
    const before = [];
    for (const filter of filters) before.push((await ask({ filter })).found);
    await opened.call('kb.attach', { kb: 'big', server: 'pg' });
    await settled();
    expect(await standing()).toEqual({ server: 'pg', state: 'current', behind: 0, reason: null });
    for (const [at, filter] of filters.entries()) {
      const { found, answered } = await ask({ filter });
      expect(answered).toBe(40);
      expect(recall(found, before[at] ?? [])).toBeGreaterThanOrEqual(0.99);
    }
    await ingest(opened.client, {
      kb: 'big',
      embedders: [FAKE],
      files: { 'f3.txt': null, 'f4.txt': null },
      prune: true,
    });
    await settled();
    expect(await count()).toBe(COUNT - 2 * EACH);
    const server = await ask();
    expect(server.answered).toBe(40);
    await opened.call('kb.attach', { kb: 'big', server: null });
    await settled();
    expect(await tables()).toEqual([]);
    const embedded = await ask();
    expect(embedded.answered).toBe(0);
    expect(recall(server.found, embedded.found)).toBeGreaterThanOrEqual(0.99);
    expect(server.found.flat()).not.toContain(`text ${3 * EACH + 50}`);
  });

  it('loses nothing when the database is killed while it is filled, and goes on when it is back', async () => {
    await opened.call('kb.attach', { kb: 'big', server: 'pg' });
    await expect.poll(() => count().catch(() => 0), { timeout: 30_000, interval: 5 }).toBeGreaterThan(500);
    postgres.stop('immediate');
    await settled();
    const down = await standing();
    expect(down).toMatchObject({ state: 'unreachable' });
    expect(down?.behind).toBeGreaterThan(0);
    const meanwhile = await ask({}, 3);
    expect(meanwhile.answered).toBe(0);
    postgres.start();
    expect(await count()).toBeLessThan(COUNT);
    await opened.call('servers.check', { server: 'pg' });
    await settled();
    expect(await standing()).toEqual({ server: 'pg', state: 'current', behind: 0, reason: null });
    expect(await verified()).toMatchObject({ ok: true });
    expect(await count()).toBe(COUNT);
  });

  it('fills a table again that somebody dropped, and says what is off where somebody deleted rows', async () => {
    await opened.call('kb.attach', { kb: 'big', server: 'pg' });
    await settled();
    const [name] = await tables();
    await sql(`DROP TABLE ${name}`);
    expect((await opened.call('search', { kb: 'big', query: 'text 5', mode: 'vector' })).server).toMatchObject({
      answered: false,
      why: expect.stringContaining('no longer has the table'),
    });
    await opened.call('servers.check', { server: 'pg' });
    await settled();
    expect(await count()).toBe(COUNT);
    await sql(`DELETE FROM ${(await tables())[0]} WHERE slot % 2 = 0`);
    expect(await verified()).toMatchObject({
      ok: false,
      repaired: true,
      detail: expect.stringContaining(`holds ${COUNT / 2} vectors`),
    });
    await settled();
    expect(await verified()).toMatchObject({ ok: true });
    expect(await count()).toBe(COUNT);
  });
});

describe.skipIf(skip !== undefined)(`the real service and PostgreSQL${title}`, () => {
  beforeAll(async () => {
    ensureBuilt();
    await ensureModels([EMBEDDER]);
  }, 300_000);

  it('goes on after its service was killed while it filled the table', async () => {
    const workspace = new TestWorkspace();
    try {
      process.env['RAGTUI_TEST_PG'] = postgres.password;
      await addServer(workspace.paths, { ...postgres.server, keyEnv: 'RAGTUI_TEST_PG' });
      await workspace.withKb(async (kb) => {
        const groups = [{ name: 'line', splitter: 'line' as const }];
        await kb.call('kb.create', { name: 'big', groups, embedders: ['fake'] });
        await ingest(kb, { kb: 'big', embedders: [FAKE], files: { 'a.txt': lines(0, 4000) } });
        await kb.call('kb.attach', { kb: 'big', server: 'pg' });
      });
      const held = async () => Number((await sql(`SELECT count(*) AS n FROM ${(await tables())[0]}`))[0]?.['n'] ?? 0);
      await expect.poll(() => held().catch(() => 0), { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
      await workspace.killService();
      await workspace.withKb(async (kb) => {
        const state = async () => (await kb.call('kb.show', { kb: 'big' })).indexes[0]?.server?.state;
        expect(await waitUntil(async () => (await state()) === 'current', 60_000, 100)).toBe(true);
        const report = await kb.call('kb.verify', { kb: 'big' });
        expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
        expect(await held()).toBe(4000);
        await kb.call('kb.delete', { kb: 'big' });
      });
      expect(await waitUntil(async () => (await tables()).length === 0, 30_000, 100)).toBe(true);
    } finally {
      await workspace.remove();
    }
  });

  it('is used from the command line with texts embedded for real; a wrong password is said, and never shown', async () => {
    const workspace = new CommandWorkspace();
    const run = (args: string, input = '') => workspace.run(args.split(' '), {}, input);
    try {
      const file = path.join(workspace.home, 'animals.txt');
      const kinds = ['cat', 'horse', 'whale', 'eagle', 'ant', 'frog'];
      const deeds = ['sleeps under', 'runs around', 'is afraid of', 'dreams about', 'looks for'];
      const things = ['the old tree', 'a red car', 'deep water', 'the moon', 'a house of stone', 'bread', 'the train'];
      const texts = kinds.flatMap((a) => deeds.flatMap((b) => things.map((c) => `The ${a} ${b} ${c}.`)));
      writeFileSync(file, `${texts.join('\n')}\n`);
      await workspace.json(['kb', 'create', 'animals', '--group', 'line', '--embedder', EMBEDDER]);
      expect((await workspace.run(['ingest', file, '--kb', 'animals'])).code).toBe(0);
      const questions = texts.filter((_, at) => at % 11 === 0).map((text) => `Who ${text.slice(4, -1)}?`);
      const answers = async () => {
        const kb = await connectKb(workspace.paths);
        try {
          const all = [];
          for (const query of questions) {
            const params = { kb: 'animals', query, mode: 'vector' as const, topK: 10 };
            const { hits, server } = await kb.call('search', params);
            all.push({ texts: hits.map(({ text }) => text), answered: server?.answered ?? false });
          }
          return all;
        } finally {
          await kb.close();
        }
      };
      const embedded = await answers();
      const add = `kb server add pg --url ${postgres.server.url} --key-store file`;
      const wrong = await run(add, 'not-the-password\n');
      expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('refused the user or the password') });
      expect(wrong.stdout + wrong.stderr).not.toContain('not-the-password');
      const right = await run('kb server key pg', `${postgres.password}\n`);
      expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining('pgvector') });
      const attached = await run('kb index animals --backend pgvector:pg --wait');
      expect(attached).toMatchObject({ code: 0, stdout: expect.stringContaining('pg answers') });
      const server = await answers();
      expect(server.every(({ answered }) => answered)).toBe(true);
      let same = 0;
      for (const [at, { texts: found }] of server.entries())
        same += found.filter((text) => embedded[at]?.texts.includes(text)).length;
      expect(same / (questions.length * 10)).toBeGreaterThanOrEqual(0.99);
      expect((await run('kb verify animals')).code).toBe(0);
      expect((await run('kb list')).stdout).toMatch(/int8 +pg *$/m);

      await run('kb server key pg', 'not-the-password\n');
      const refused = await run('search bread --kb animals --mode vector');
      expect(refused).toMatchObject({ code: 0, stdout: expect.stringContaining('pg did not answer') });
      expect((await run('kb verify animals')).code).toBe(3);
      await run('kb server key pg', `${postgres.password}\n`);
      expect((await run('kb index animals --wait')).stdout).toContain('pg answers');
      expect((await run('kb server remove pg --yes')).code).toBe(1);
      expect((await run('kb index animals --backend embedded')).stdout).toContain('exact, active');
      expect((await run('kb server remove pg --yes')).code).toBe(0);
    } finally {
      await workspace.close();
    }
  });
});
