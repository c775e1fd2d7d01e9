import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitForJob } from '../../src/jobs/control.ts';
import { CANARY_TEXTS } from '../../src/models/canary.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { poolFolder, readPoolFigures } from '../../src/models/pool-figures.ts';
import { readCanaries } from '../../src/models/server-canary.ts';
import { startServer, type TestServer } from '../support/model-server.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const LINES = 1500;
const inputsOf = (body: string): string[] => JSON.parse(body).input ?? [];
/** Texts that a server was asked for, beside those that prove who it is. */
const textsAskedOf = ({ seen }: TestServer): string[] =>
  seen.flatMap(({ body }) => (body === '' ? [] : inputsOf(body))).filter((text) => !CANARY_TEXTS.includes(text));

/** A vector that says which text it is of, and which model made it. */
function vectorOf(text: string, model: number): number[] {
  let sum = model;
  for (const letter of text) sum = (sum * 31 + letter.charCodeAt(0)) % 100_003;
  return [Math.sin(sum), Math.cos(sum), Math.sin(7 * sum), model];
}

const modelServer = (model: number, onTexts: (server: TestServer) => void = () => undefined): Promise<TestServer> => {
  const started = startServer(async ({ url, body }, response) => {
    if (!url.endsWith('/embeddings')) return void response.end('{"data":[]}');
    onTexts(await started);
    const data = inputsOf(body).map((text, index) => ({ index, embedding: vectorOf(text, model) }));
    response.end(JSON.stringify({ data, usage: { prompt_tokens: data.length } }));
  });
  return started;
};

let workspace: TestWorkspace;
let folder: string;
let [lasting, dying, other]: TestServer[] = [];
let diedWith = 0;

beforeAll(async () => {
  ensureBuilt();
  workspace = new TestWorkspace();
  folder = path.join(workspace.folder, 'wells');
  mkdirSync(folder);
  lasting = await modelServer(1);
  dying = await modelServer(1, (server) => {
    diedWith = textsAskedOf(server).length;
    if (diedWith > LINES / 5) void server.close();
  });
  other = await modelServer(2);
  const alsoAt = [dying.url, other.url];
  // As many turns as servers: a proof must not need one of them.
  const limits = { concurrency: 3 };
  await addEndpoint(workspace.paths, {
    name: 'three',
    kind: 'embedding',
    url: lasting.url,
    alsoAt,
    model: 'm',
    limits,
  });
  await workspace.createKb('bench', undefined, ['three']);
  const lines = Array.from({ length: LINES }, (_, line) => `Well ${line} is ${line * 7} metres deep.`);
  for (let file = 0; file < 10; file += 1) {
    writeFileSync(path.join(folder, `${file}.txt`), lines.slice(file * 150, file * 150 + 150).join('\n'));
  }
});
afterAll(async () => {
  await workspace?.remove();
  for (const server of [lasting, dying, other]) await server?.close();
});

const ingest = () => workspace.ingest('bench', [folder], { embedders: ['three'] });

it('of three servers one dies in the middle and one has another model: nothing is lost, nothing is of the other model', async () => {
  if (!lasting || !dying || !other) throw new Error('no servers');
  const { view, report } = await ingest();
  expect(view.state).toBe('succeeded');
  expect(report).toMatchObject({ added: 10, failed: [], chunks: LINES, embedded: LINES });
  expect(diedWith).toBeGreaterThan(LINES / 5);
  expect(textsAskedOf(other)).toEqual([]);
  const asked = new Set([...textsAskedOf(lasting), ...textsAskedOf(dying)]);
  expect(asked.size).toBe(LINES);
  const shown = await workspace.withKb((kb) => kb.call('kb.show', { kb: 'bench' }));
  expect(shown.indexes).toMatchObject([{ vectors: LINES, missing: 0 }]);
});

it('what the ingest asked of each server, and which of them gave the promised vectors, is there for others to read', () => {
  const folder = poolFolder(workspace.paths, 'three');
  const of = <T extends { readonly url: string }>(all: readonly T[], server: TestServer | undefined) =>
    all.find(({ url }) => url === server?.url);
  const figures = readPoolFigures(folder);
  expect(of(figures, lasting)).toMatchObject({ state: 'up', failures: 0, inFlight: 0 });
  expect(of(figures, dying)).toMatchObject({ state: 'down', since: expect.any(Number) });
  expect(of(figures, other)).toMatchObject({ state: 'down', why: expect.stringMatching(/gives other vectors/) });
  const requests = (server: TestServer | undefined) =>
    server?.seen.filter(({ body }) => body !== '' && !inputsOf(body).some((text) => CANARY_TEXTS.includes(text)))
      .length;
  // One of them was asked for the promise itself, once, when the embedder was first used.
  const texts = requests(lasting) ?? 0;
  expect([texts, texts + 1]).toContain(of(figures, lasting)?.requests);
  expect((of(figures, lasting)?.askedAt ?? 0) > Date.now() - 120_000).toBe(true);
  const canaries = readCanaries(folder);
  expect(of(canaries, lasting)).toMatchObject({ kept: true, cosine: expect.closeTo(1, 4) });
  expect(of(canaries, other)).toMatchObject({ kept: false });
});

it('when none is left the ingest ends and says so; nothing is marked as unreadable', async () => {
  writeFileSync(path.join(folder, 'more.txt'), 'One more well.');
  await lasting?.close();
  const { spec } = await workspace.launchIngest('bench', [folder], { embedders: ['three'] });

  const view = await waitForJob(workspace.paths, spec.id);
  expect(view.state).toBe('failed');
  expect(view.error?.message).toMatch(/None of the 3 servers of three answers/);
  const { documents } = await workspace.withKb((kb) => kb.call('kb.documents', { kb: 'bench', limit: 100 }));
  // The new one waits for the next ingest.
  expect(documents.map(({ state }) => state).sort()).toEqual(['embedding', ...Array(10).fill('live')]);
});
