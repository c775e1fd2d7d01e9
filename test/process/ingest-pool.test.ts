import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitForJob } from '../../src/jobs/control.ts';
import { CANARY_TEXTS } from '../../src/models/canary.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
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
