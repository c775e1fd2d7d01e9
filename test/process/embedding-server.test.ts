import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { waitForJob } from '../../src/jobs/control.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { livingProcess } from '../../src/jobs/identity.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { descendantsOf } from '../support/process-tree.ts';
import { readExposition, seriesValue } from '../support/prometheus.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

const INT8 = 'bge-small-en-v1.5-int8';
/** f32: a token's hidden state is a row of a small table (a = [3 0 0 0], b = [0 4 0 0], c = [0 0 6 0]), averaged. */
const F32 = 'toy';
const TEXTS = [
  'hello',
  'What was the net revenue in the fiscal year 2023?',
  'The tide comes in. '.repeat(40),
  '3.14159',
  '你好，世界',
  'function add(a, b) { return a + b; }',
];

let workspace: CommandWorkspace;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([INT8]);
  workspace = new CommandWorkspace();
  await addLocalModel(workspace.paths, {
    name: F32,
    path: path.join(fixturesDir(), 'reference', 'toy-embedder'),
    kind: 'embedding',
    embedder: { pooling: 'mean', normalize: true, queryInstruction: 'c c ' },
  });
});
afterAll(() => workspace.close());

interface Served {
  readonly id: string;
  readonly folder: string;
  readonly url: string;
  readonly key: string;
}
const startedSchema = z.object({ job: z.object({ id: z.string() }), served: z.array(z.string()) });
const servers = new Map<string, Served>();

/** The server of a model; started by the command when it does not run. */
async function serve(model: string): Promise<Served> {
  const known = servers.get(model);
  if (known && readJob(workspace.paths, known.id).state === 'running') return known;
  const started = startedSchema.parse(await workspace.json(['deploy', 'start', model, '--wait']));
  expect(started.served).toEqual([model, `${model}:query`, `${model}:plain`]);
  const { folder } = readJob(workspace.paths, started.job.id);
  const endpoint = readJsonFile(jobFiles(folder).endpoint, endpointFileSchema);
  if (!endpoint) throw new Error('no endpoint');
  const served = { id: started.job.id, folder, url: endpoint.url, key: endpoint.key };
  servers.set(model, served);
  return served;
}
const headers = ({ key }: Served) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' });
const replySchema = z.object({
  data: z.array(z.object({ index: z.number(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.number() }),
});
async function embed(server: Served, model: string, input: string | readonly string[]) {
  const body = JSON.stringify({ model, input });
  const response = await fetch(`${server.url}/embeddings`, { method: 'POST', headers: headers(server), body });
  expect(response.status).toBe(200);
  const { data, usage } = replySchema.parse(await response.json());
  return { vectors: data.map(({ embedding }) => embedding), tokens: usage.prompt_tokens };
}
const childOf = ({ folder }: Served): number => {
  const [child] = descendantsOf(livingProcess(jobFiles(folder).worker)?.pid ?? 0);
  if (child === undefined) throw new Error('no embedder process');
  return child;
};

test('an int8 model answers with exactly the vectors of the local runtime, in a batch and one by one', async () => {
  const server = await serve(INT8);
  const local = await startEmbedder(await resolveEmbedder(workspace.paths, INT8));
  try {
    const direct = await local.embed(TEXTS, { kind: 'passage' });
    const asked = await local.embed(TEXTS, { kind: 'query' });
    const batch = await embed(server, INT8, TEXTS);
    expect(batch.vectors).toEqual(direct.vectors.map((vector) => [...vector]));
    expect(batch.tokens).toBe(direct.tokens.reduce((sum, count) => sum + count, 0));
    for (const [index, text] of TEXTS.entries()) {
      expect((await embed(server, INT8, text)).vectors).toEqual([batch.vectors[index]]);
    }
    expect((await embed(server, `${INT8}:query`, TEXTS)).vectors).toEqual(asked.vectors.map((vector) => [...vector]));
  } finally {
    await local.close();
  }
});

test('an f32 model gives a text the same vector to 1e-6 whatever it is batched with', async () => {
  const server = await serve(F32);
  // Worked out by hand: the mean of the table's rows, scaled to length 1.
  const texts = ['a', 'a b', 'b c', 'a b c c c c', 'c'];
  const batch = await embed(server, F32, texts);
  const expected = [
    [1, 0, 0, 0],
    [0.6, 0.8, 0, 0],
    [0, 4 / Math.hypot(4, 6), 6 / Math.hypot(4, 6), 0],
    [3, 4, 24, 0].map((value) => value / Math.hypot(3, 4, 24)),
    [0, 0, 1, 0],
  ];
  for (const [index, text] of texts.entries()) {
    const near = expected[index]?.map((value) => expect.closeTo(value, 6));
    expect(batch.vectors[index]).toEqual(near);
    expect((await embed(server, F32, text)).vectors).toEqual([near]);
  }
  // "c c " before the text: (6 + 6) of c, 3 of a.
  expect((await embed(server, `${F32}:query`, 'a')).vectors).toEqual([
    [3, 0, 12, 0].map((value) => expect.closeTo(value / Math.hypot(3, 12), 6)),
  ]);
  expect((await embed(server, `${F32}:plain`, 'a')).vectors).toEqual([[1, 0, 0, 0]]);
});

test('a knowledge base is filled and searched through it as through the model itself', async () => {
  await serve(INT8);
  const file = path.join(workspace.home, 'mills.txt');
  writeFileSync(file, `The mill of the village was built in 1800.\n${'The tide comes in. '.repeat(300)}\n`);
  const ingest = (...embedders: string[]) =>
    workspace.json([
      ...['ingest', file, '--kb', 'served', '--group', 'line'],
      ...embedders.flatMap((one) => ['--embedder', one]),
    ]);
  const reportSchema = z.object({ report: z.object({ chunks: z.number(), embedded: z.number() }) });
  expect(reportSchema.parse(await ingest(`${INT8}@onnx`)).report.embedded).toBe(2);
  // The same fingerprint: what the server embedded, the model need not embed again.
  expect(reportSchema.parse(await ingest(`${INT8}@onnx`, INT8)).report.embedded).toBe(0);
  const search = async (embedder: string) =>
    z
      .object({ hits: z.array(z.object({ text: z.string(), score: z.number() })) })
      .parse(
        await workspace.json([
          ...['search', 'when was the mill built', '--kb', 'served', '--mode', 'vector'],
          ...['--top-k', '2', '--embedder', embedder],
        ]),
      ).hits;
  const through = await search(`${INT8}@onnx`);
  expect(through[0]?.text).toMatch(/1800/);
  const direct = await search(INT8);
  expect(through).toEqual(direct.map(({ text, score }) => ({ text, score: expect.closeTo(score, 6) })));
});

test('a name that nobody serves says how it is started', async () => {
  const file = path.join(workspace.home, 'mills.txt');
  const { code, stderr } = await workspace.run(['ingest', file, '--kb', 'other', '--embedder', `${INT8}@vllm`]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/@vllm is not served now.*deploy start .* --engine vllm/)]);
});

test('a model file that was exchanged is noticed when it is read again, and ends the server by name', async () => {
  const folder = path.join(workspace.home, 'swapped');
  cpSync(path.join(fixturesDir(), 'reference', 'toy-embedder'), folder, { recursive: true });
  const embedder = { pooling: 'mean', normalize: true } as const;
  await addLocalModel(workspace.paths, { name: 'swapped', path: folder, kind: 'embedding', embedder });
  const server = await serve('swapped');
  // The row of an unknown word follows the four nines of [PAD]: [0 0 0 1] becomes [1 0 0 0].
  const model = path.join(folder, 'model.onnx');
  const bytes = readFileSync(model);
  const nine = '00001041';
  const row = bytes.indexOf(Buffer.from(nine.repeat(4), 'hex')) + 16;
  expect(row).toBeGreaterThan(16);
  bytes.write('0000803f000000000000000000000000', row, 'hex');
  writeFileSync(model, bytes);
  process.kill(childOf(server), 'SIGKILL');
  await fetch(`${server.url}/embeddings`, {
    method: 'POST',
    headers: headers(server),
    body: JSON.stringify({ model: 'swapped', input: 'unknown' }),
  }).catch(() => undefined);
  const end = await waitForJob(workspace.paths, server.id);
  expect(end).toMatchObject({
    state: 'failed',
    error: { code: 'checksum', message: expect.stringMatching(/"swapped" gives other vectors than it promised/) },
  });
});

test('a killed embedder process is replaced and the answer is the same', async () => {
  const server = await serve(INT8);
  const texts = Array.from({ length: 64 }, (_, index) => `${index} ${'The tide comes in. '.repeat(40)}`);
  const expected = await embed(server, INT8, texts);
  const child = childOf(server);
  const again = embed(server, INT8, texts);
  process.kill(child, 'SIGKILL');
  expect((await again).vectors).toEqual(expected.vectors);
  expect(childOf(server)).not.toBe(child);
  expect(readFileSync(jobFiles(server.folder).events, 'utf8')).toMatch(/started again.*SIGKILL/);
  const text = await (await fetch(new URL('/metrics', server.url), { headers: headers(server) })).text();
  expect(seriesValue(readExposition(text), 'ragtui:embedder_restarts_total')).toBe(1);
});

test('it is listed, its key is in no log and no argument, and a stop leaves no process', async () => {
  const server = await serve(INT8);
  const worker = livingProcess(jobFiles(server.folder).worker)?.pid ?? 0;
  const all = [worker, ...descendantsOf(worker)];
  const listed = z
    .object({ deployments: z.array(z.object({ model: z.string(), engine: z.string(), state: z.string() })) })
    .parse(await workspace.json(['deploy', 'list']));
  expect(listed.deployments).toContainEqual({ model: INT8, engine: 'onnx', state: 'running' });
  for (const file of ['events.jsonl', 'stdout.log', 'stderr.log', 'spec.json']) {
    expect(readFileSync(path.join(server.folder, file), 'utf8')).not.toContain(server.key);
  }
  for (const pid of all) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(server.key);
  await workspace.json(['deploy', 'stop', INT8]);
  expect((await waitForJob(workspace.paths, server.id)).state).toBe('stopped');
  expect(all.map((pid) => processIdentity(pid))).toEqual(all.map(() => undefined));
  expect(existsSync(jobFiles(server.folder).endpoint)).toBe(false);
});

test('a server that is killed takes its embedder process along and reads as failed', async () => {
  const server = await serve(F32);
  const child = childOf(server);
  process.kill(livingProcess(jobFiles(server.folder).worker)?.pid ?? 0, 'SIGKILL');
  expect((await waitForJob(workspace.paths, server.id)).state).toBe('failed');
  expect(await waitUntil(() => processIdentity(child) === undefined, 5000)).toBe(true);
});

test.each([
  [[INT8, '--engine', 'llama'], /llama serves chat models/],
  [[INT8, '--adapter', 'sft=/tmp'], /adapters ride on chat models/],
  [['smollm2-135m-instruct', '--engine', 'onnx', '--dry-run'], /onnx serves embedders/],
])('refuses %j with the reason', async (args, message) => {
  const { code, stderr } = await workspace.run(['deploy', 'start', ...args]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});
