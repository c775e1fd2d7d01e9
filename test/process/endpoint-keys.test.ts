import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { fixturesDir } from '../../src/platform/entry.ts';
import { keysFile } from '../../src/platform/secrets.ts';
import { selfSigned } from '../support/certificates.ts';
import { type FakeOpenAi, fakeOpenAi } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';
import { replay } from '../support/streams.ts';

/** Looks like no key of any provider: only what knows it can mask it. */
const CANARY = 'zq7-canary-Xv0pL2mN8rT4';

let workspace: CommandWorkspace;
let server: FakeOpenAi;
beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  server = await fakeOpenAi();
});
afterAll(async () => {
  await workspace.close();
  await server.close();
});

/** Runs a command with the key on its stdin; gives what it said. */
async function withKey(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await workspace.run(args, {}, `${CANARY}\n`);
  if (code !== 0) throw new Error(`ragtui ${args.join(' ')}: ${stderr}`);
  return stdout + stderr;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Command lines of every process there is. */
const commandLines = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1')];
      } catch {
        return []; // It has ended meanwhile.
      }
    });

const listSchema = z.object({
  endpoints: z.array(z.object({ name: z.string(), key: z.object({ state: z.string(), from: z.string().nullable() }) })),
});

test('a key goes to its server and nowhere else, whatever fails', async () => {
  let said = '';
  const run = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await workspace.run(args, { RAGTUI_LOG: 'debug', RAGTUI_DEBUG: '1' });
    said += stdout + stderr;
  };
  said += await withKey('models', 'add', 'box', '--url', server.url, '--model', 'm', '--key-store', 'file');
  await workspace.json(['kb', 'create', 'notes', '--embedder', 'bge-small-en-v1.5-int8']);

  const atWork: string[] = [];
  const column = ['--column', 'name=a,llm=box,context=none', '--column', 'name=b,llm=box,context=none'];
  const faults = [
    'unauthorized-echo',
    'server-error',
    'model-not-found',
    'cut',
    'error-in-stream',
    'malformed',
    'tool-call',
    'redirect',
    'key-echo',
    'healthy',
  ];
  for (const name of faults) {
    const answer = replay(name);
    server.script(async (response, request) => {
      atWork.push(...commandLines());
      expect(request.headers.authorization).toBe(`Bearer ${CANARY}`);
      await answer(response, request);
    });
    await run('compare', 'Why?', '--kb', 'notes', ...column, '--json', '--stream');
  }
  server.script(replay('unauthorized-echo'));
  await run('models', 'check', 'box', '--request', '--json');
  await run('models', 'check', 'box', '--request');
  // Embeddings are asked by the service, a process of its own, and by an ingest, which is a job.
  await run(
    'models',
    'add',
    'vectors',
    '--url',
    server.url,
    '--model',
    'v',
    '--kind',
    'embedding',
    '--key-store',
    'file',
  );
  said += await withKey(
    'models',
    'add',
    'vectors',
    '--url',
    server.url,
    '--model',
    'v',
    '--kind',
    'embedding',
    '--key-store',
    'file',
  );
  await run('ingest', path.join(fixturesDir(), 'sample-kb', 'en'), '--kb', 'other', '--embedder', 'vectors');
  await run('search', 'water', '--kb', 'notes', '--embedder', 'vectors');
  await run('models', 'show', 'box');
  await run('doctor', '--json');
  const { endpoints } = listSchema.parse(await workspace.json(['models', 'list']));
  expect(endpoints.map(({ name, key }) => [name, key])).toEqual([
    ['box', { state: 'set', from: 'file' }],
    ['vectors', { state: 'set', from: 'file' }],
  ]);

  expect(server.requests.length).toBeGreaterThan(20);
  expect(said).toContain('[key]');
  expect(said).not.toContain(CANARY);
  expect(atWork.join('\n')).toContain('ragtui.js');
  expect(atWork.join('\n')).not.toContain(CANARY);
  const keys = keysFile(path.join(workspace.home, 'config', 'config.toml'));
  expect(readFileSync(keys, 'utf8')).toContain(CANARY);
  expect(statSync(keys).mode & 0o777).toBe(0o600);
  const files = filesBelow(workspace.home);
  expect(files.some((file) => file.endsWith('ragtui.db'))).toBe(true);
  expect(files.filter((file) => file !== keys && readFileSync(file).includes(CANARY))).toEqual([]);
});

test('a key kept for one host is asked for again when the host changes; another place for it is possible', async () => {
  const before = server.requests.length;
  await workspace.json(['models', 'set', 'box', '--url', server.url.replace('127.0.0.1', 'localhost')]);
  const moved = await workspace.run(['models', 'check', 'box', '--json']);
  expect([moved.code, moved.stdout]).toEqual([
    3,
    expect.stringContaining('No key of box is kept for http://localhost'),
  ]);
  expect(server.requests).toHaveLength(before);
  await workspace.json(['models', 'set', 'box', '--key-env', 'BOX_KEY', '--url', server.url]);
  server.script(replay('healthy'));
  const elsewhere = ['models', 'set', 'box', '--url', 'http://localhost:1/v1'];
  expect((await workspace.run(elsewhere, { BOX_KEY: CANARY })).stderr).toContain(
    'BOX_KEY will be sent to http://localhost:1',
  );
  // A knowledge base that it made vectors for holds it.
  const held = await workspace.run(['models', 'remove', 'vectors', '--yes']);
  expect([held.code, held.stderr]).toEqual([1, expect.stringContaining('"other" is searched with vectors')]);
  await workspace.json(['kb', 'delete', 'other', '--yes']);
  await workspace.json(['models', 'remove', 'vectors', '--yes']);
  await workspace.json(['models', 'remove', 'box', '--yes']);
  expect(readFileSync(keysFile(path.join(workspace.home, 'config', 'config.toml')), 'utf8')).not.toContain(CANARY);
});

test('without --model the models of the server are listed in the error; one model is taken', async () => {
  const models = (...ids: string[]) => {
    server.script((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data: ids.map((id) => ({ id, max_model_len: 4096 })) }));
    });
  };
  models('large', 'medium');
  const which = await workspace.run(['models', 'add', 'several', '--url', server.url]);
  expect([which.code, which.stderr]).toEqual([2, expect.stringContaining('has large, medium.')]);
  models('only');
  const args = ['models', 'add', 'one', '--url', server.url, '--concurrency', '2', '--rpm', '60'];
  const prices = ['--price-in', '0.5', '--price-out', '2', '--currency', 'eur', '--omit', 'seed'];
  expect(await workspace.json([...args, ...prices])).toMatchObject({
    endpoint: {
      name: 'one',
      model: 'only',
      contextTokens: 4096,
      key: { state: 'none', from: null },
      limits: { concurrency: 2, requestsPerMinute: 60 },
      prices: { input: 0.5, output: 2, currency: 'EUR' },
      dialect: { omit: ['seed'], maxTokensField: 'max_tokens' },
    },
  });
  models('only', 'more');
  const checked = await workspace.json(['models', 'check', 'one']);
  expect(checked).toMatchObject({ endpoints: [{ name: 'one', state: 'ok', error: null }] });
  expect((await workspace.run(['models', 'add', 'x', '--preset', 'nobody'])).code).toBe(2);
  expect((await workspace.run(['models', 'add', 'x', '--url', server.url, '--key-env', 'sk-abc'])).code).toBe(2);
});

test('a certificate of one’s own is trusted by NODE_EXTRA_CA_CERTS and by network.ca_file', async () => {
  const certificate = selfSigned();
  const secure = await fakeOpenAi(certificate);
  try {
    secure.script((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ data: [{ id: 'm' }] }));
    });
    const file = path.join(workspace.home, 'own ca.pem');
    writeFileSync(file, certificate.cert);
    await workspace.json(['models', 'add', 'secure', '--url', secure.url, '--model', 'm']);
    const check = (env: NodeJS.ProcessEnv = {}) => workspace.run(['models', 'check', 'secure'], env);
    const untrusted = await check({ NODE_EXTRA_CA_CERTS: '' });
    expect([untrusted.code, untrusted.stdout]).toEqual([3, expect.stringContaining('signed by itself')]);
    expect((await check({ NODE_EXTRA_CA_CERTS: file })).code).toBe(0);
    const config = path.join(workspace.home, 'config', 'config.toml');
    mkdirSync(path.dirname(config), { recursive: true });
    writeFileSync(config, `[network]\nca_file = ${JSON.stringify(file)}\n`);
    expect((await check({ NODE_EXTRA_CA_CERTS: '' })).code).toBe(0);
    expect((await workspace.run(['doctor'])).stdout).toContain(`1 certificates from ${file}`);
  } finally {
    await secure.close();
  }
});
