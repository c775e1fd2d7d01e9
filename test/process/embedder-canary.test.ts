import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startServer, type TestServer } from '../support/model-server.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

// One story: an embedding endpoint of somebody else's is used, gets another model under its old name, and everything that
// would mix the two is stopped by name, until its vectors are accepted and the texts are embedded anew.
let workspace: CommandWorkspace;
let server: TestServer;
/** What the server's model does with a text: how often each of some letters comes. */
let letters = 'abcdefghijklmnop';
let docs: string;

beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  server = await startServer((request, response) => {
    if (!request.url.endsWith('/embeddings')) {
      return void response.end(JSON.stringify({ data: [{ id: 'vec-1' }] }));
    }
    const { input } = z.object({ input: z.array(z.string()) }).parse(JSON.parse(request.body));
    const data = input.map((text, index) => ({ index, embedding: [...letters].map((one) => text.split(one).length) }));
    response.end(JSON.stringify({ data }));
  });
  docs = path.join(workspace.home, 'docs');
  mkdirSync(docs);
  writeFileSync(
    path.join(docs, 'mills.txt'),
    'The mill of the village was built in 1800.\nThe tide comes in at noon.\n',
  );
  await workspace.json(['models', 'add', 'vec', '--url', server.url, '--model', 'vec-1', '--kind', 'embedding']);
  const paragraphs = Array.from({ length: 3 }, (_, i) => ({
    context: `The mill of village ${i} was built in ${1800 + i}.`,
    qas: [
      {
        id: `q${i}`,
        question: `When was the mill of village ${i} built?`,
        answers: [{ text: String(1800 + i), answer_start: 0 }],
      },
    ],
  }));
  const file = path.join(workspace.home, 'mills.json');
  writeFileSync(file, JSON.stringify({ version: '1.1', data: [{ title: 'mills', paragraphs }] }));
  await workspace.json(['dataset', 'import', file, '--format', 'squad', '--name', 'mills']);
});
afterAll(async () => {
  await workspace?.close();
  await server?.close();
});

const INGEST = () => ['ingest', docs, '--kb', 'k', '--group', 'line', '--embedder', 'vec'];
const SEARCH = ['search', 'when does the tide come in', '--kb', 'k', '--mode', 'vector', '--top-k', '1'];
const EVAL = [
  'eval',
  'run',
  '--dataset',
  'mills',
  '--split',
  'all',
  '--kb',
  'k',
  '--column',
  'name=e,llm=none',
  '--wait',
];
const hitSchema = z.object({ hits: z.array(z.object({ text: z.string() })) });
const checkedSchema = z.object({
  endpoints: z.array(
    z.object({
      state: z.string(),
      vectors: z.object({ fingerprint: z.string(), before: z.string().nullable() }).nullable(),
    }),
  ),
});

test('it is used like a local one, and its promise is checked', async () => {
  await workspace.json(INGEST());
  expect(hitSchema.parse(await workspace.json(SEARCH)).hits[0]?.text).toMatch(/tide/);
  const checked = checkedSchema.parse(await workspace.json(['models', 'check', 'vec', '--request']));
  expect(checked.endpoints).toEqual([
    { state: 'ok', vectors: { fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/), before: null } },
  ]);
  const run = z.object({ run: z.object({ state: z.string(), errors: z.number() }) }).parse(await workspace.json(EVAL));
  expect(run.run).toEqual({ state: 'succeeded', errors: 0 });
});

test('another model under its name stops an ingest, a run and a check, by name, with what to do', async () => {
  letters = 'qrstuvwxyz .,0123';
  writeFileSync(path.join(docs, 'new.txt'), 'A new document about owls.\n');
  for (const args of [INGEST(), EVAL]) {
    const { code, stderr } = await workspace.run(args);
    expect([args[0], code, stderr]).toEqual([
      args[0],
      1,
      expect.stringMatching(/"vec" gives vectors of 17 numbers; it promised 16.*(models check vec --accept)/s),
    ]);
  }
  letters = 'qrstuvwxyz .,012';
  for (const args of [INGEST(), EVAL]) {
    const { stderr } = await workspace.run(args);
    expect(stderr).toMatch(/"vec" gives other vectors than it promised \(cosine 0\.\d+/);
  }
  const check = await workspace.run(['models', 'check', 'vec', '--request']);
  expect([check.code, check.stdout]).toEqual([3, expect.stringMatching(/failed.*"vec" gives other vectors/)]);
  // The new document waits; it is neither searched nor given up.
  const { documents } = z
    .object({ documents: z.array(z.object({ title: z.string(), state: z.string() })) })
    .parse(await workspace.json(['kb', 'documents', 'k']));
  expect(documents.find(({ title }) => title === 'new.txt')?.state).toBe('embedding');
});

test('accepted, the texts are embedded anew before they are searched', async () => {
  const accepted = checkedSchema.parse(await workspace.json(['models', 'check', 'vec', '--accept']));
  const [one] = accepted.endpoints;
  expect(one).toMatchObject({ state: 'ok', vectors: { before: expect.stringMatching(/^[0-9a-f]{32}$/) } });
  expect(one?.vectors?.before).not.toBe(one?.vectors?.fingerprint);
  const early = await workspace.run(['search', 'when was the mill built', ...SEARCH.slice(2)]);
  expect([early.code, early.stderr]).toEqual([
    1,
    expect.stringMatching(/"?vec"? (has changed|were accepted anew)|Ingest again/),
  ]);
  await workspace.json(INGEST());
  expect(hitSchema.parse(await workspace.json(SEARCH)).hits).toHaveLength(1);
  await workspace.json(EVAL);
});

test('only an embedder has vectors to accept, one at a time', async () => {
  await workspace.json(['models', 'add', 'talk', '--url', server.url, '--model', 'vec-1']);
  const chat = await workspace.run(['models', 'check', 'talk', '--accept']);
  expect([chat.code, chat.stderr]).toEqual([2, expect.stringMatching(/talk is no embedder/)]);
  const all = await workspace.run(['models', 'check', '--accept']);
  expect([all.code, all.stderr]).toEqual([2, expect.stringMatching(/name of an embedder/)]);
});
