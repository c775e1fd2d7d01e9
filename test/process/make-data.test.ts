import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { prepareLabels, prepareSynthesis } from '../../src/datasets/making/prepare-llm.ts';
import { type Made, type Making, madeSchema, NO_AUDIT, USUAL_AUDIT } from '../../src/datasets/making/types.ts';
import { prepareNegatives } from '../../src/datasets/negatives/prepare.ts';
import { readQuarantine } from '../../src/datasets/negatives/review.ts';
import { openDataset } from '../../src/datasets/open.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { addLocalModel } from '../../src/models/own.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { type FakeOpenAi, type FakeRequest, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { EMBEDDER, TestWorkspace } from '../support/workspace.ts';

const PLACES = ['Bergen', 'Kyoto', 'Lima', 'Accra', 'Tartu', 'Osaka', 'Quito', 'Turin', 'Dakar', 'Porto'];
const passage = (place: string, at: number): string =>
  `The weather station in ${place} was opened in ${1900 + at} by its first keeper. It measured ${100 + 7 * at} units of rain in that year.`;

const { signal } = new AbortController();
let workspace: TestWorkspace;
let server: FakeOpenAi;

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
  // Per million tokens; the server tells 11 prompt tokens and one of the answer, each time.
  const prices = { input: 100, output: 200, currency: 'EUR' };
  await addEndpoint(workspace.paths, { name: 'fake', kind: 'chat', url: server.url, model: 'model-a', prices });
  const file = path.join(workspace.folder, 'passages.jsonl');
  writeFileSync(file, PLACES.map((place, at) => JSON.stringify({ id: `p${at}`, text: passage(place, at) })).join('\n'));
  await workspace.createKb('places');
  await workspace.ingest('places', [file]);
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

const bodySchema = z.object({ messages: z.array(z.object({ content: z.string() })) });
const asked = (request: FakeRequest): string => bodySchema.parse(request.body).messages.at(-1)?.content ?? '';
const placeIn = (text: string): string => PLACES.find((place) => text.includes(place)) ?? '';

/** One good question for each passage; for Lima an answer that is not there, for Accra no JSON. */
const writes: Parameters<FakeOpenAi['script']>[0] = (response, request) => {
  const place = placeIn(asked(request));
  const year = 1900 + PLACES.indexOf(place);
  const answer = place === 'Lima' ? '1850' : place === 'Kyoto' ? `opened in ${year} By` : String(year);
  const reply = { question: `When did the station in ${place} open?`, answer };
  return says([place === 'Accra' ? 'I do not know.' : JSON.stringify(reply)])(response, request);
};

function madeBy(view: JobView): Made {
  const lines = readFileSync(jobFiles(view.folder).events, 'utf8').trim().split('\n');
  const event = lines.map((line) => JSON.parse(line)).find((one) => one.type === 'artifact' && one.name === 'dataset');
  if (!event) throw new Error(`${view.spec.id} is ${view.state}: ${view.reason}`);
  return madeSchema.parse(event.data);
}

async function run(making: Making): Promise<{ view: JobView; made: Made }> {
  const { spec } = await launchJob(workspace.paths, { kind: 'make-data', making });
  const view = await waitForJob(workspace.paths, spec.id);
  return { view, made: madeBy(view) };
}

const wish = { llm: 'fake', seed: 1, temperature: 0, maxTokens: 64, concurrency: 1, count: 10, perChunk: 1 } as const;

test('questions: grounded, repaired, refused with why; the same job again asks nothing and makes the same', async () => {
  server.script(writes);
  const { making, plan } = await prepareSynthesis(workspace.paths, { ...wish, kb: 'places', language: 'auto' }, signal);
  expect(plan.ask).toBe(10);
  expect(plan.cost).toMatch(/^at most 0\.\d\d EUR$/);
  const before = server.requests.length;
  const { made } = await run(making);
  expect(made).toMatchObject({
    dataset: 'places-questions',
    rows: 8,
    counts: { accepted: 8, repaired: 1, 'rejected: not-in-chunk': 1, 'rejected: unreadable': 1 },
    usage: { requests: 10, promptTokens: 110, completionTokens: 10 },
    cost: { amount: expect.closeTo(0.013, 6), currency: 'EUR' },
  });
  expect(server.requests.length - before).toBe(10);
  const dataset = openDataset(workspace.paths, 'places-questions');
  if (dataset.kind !== 'qa') throw new Error('kind');
  for (let at = 0; at < 8; at += 1) {
    const { context, answers } = dataset.row(at);
    expect(context).toContain(answers[0]);
  }
  expect(dataset.manifest.lineage.source.format).toBe('kb');
  const rejected = readFileSync(path.join(dataset.folder, 'rejected.jsonl'), 'utf8').trim().split('\n');
  expect(rejected.map((line) => JSON.parse(line).why).sort()).toEqual(['not-in-chunk', 'unreadable']);

  const again = await run(making);
  expect(again.made).toMatchObject({ rows: 8, added: false, version: made.version });
  expect(server.requests.length - before).toBe(10);
});

test('killed with kill -9 in the middle: the next job asks only what is missing; a busy server is waited for', async () => {
  const { making } = await prepareSynthesis(
    workspace.paths,
    { ...wish, kb: 'places', language: 'en', seed: 2, name: 'killed' },
    signal,
  );
  const before = server.requests.length;
  let hold = (): void => {};
  const held = new Promise<void>((resolve) => {
    hold = resolve;
  });
  // The first is told to come back, four are answered, the next hangs.
  let answered = 0;
  server.script(status(429, 'busy', { 'retry-after': '0' }), async (response, request) => {
    if (answered >= 4) {
      hold();
      await request.closed;
      return;
    }
    answered += 1;
    await writes(response, request);
  });
  const { spec, folder } = await launchJob(workspace.paths, { kind: 'make-data', making });
  await held;
  const journal = () => readFileSync(path.join(folder, 'journal.jsonl'), 'utf8').trim().split('\n').length;
  expect(await waitUntil(() => journal() === 4, 10_000)).toBe(true);
  const pid = readJsonFile(jobFiles(folder).worker, identityFileSchema)?.pid;
  if (pid === undefined) throw new Error('no worker');
  process.kill(pid, 'SIGKILL');
  const dead = await waitForJob(workspace.paths, spec.id);
  expect(dead.state).toBe('failed');
  expect(readdirSync(workspace.paths.datasets).filter((name) => name === 'killed')).toEqual([]);

  server.script(writes);
  const second = server.requests.length;
  const resumed = await resumeJob(workspace.paths, spec.id);
  const made = madeBy(await waitForJob(workspace.paths, resumed.spec.id));
  expect(server.requests.length - second).toBe(6);
  expect(made).toMatchObject({ rows: 8, usage: { requests: 10 } });
  expect(made.notes.join()).toContain('4 answers were there');
  expect(second - before).toBe(6);
});

test('asked to stop: stopped, nothing half made; a server that fails on and on ends the job and keeps what it said', async () => {
  const { making } = await prepareSynthesis(
    workspace.paths,
    { ...wish, kb: 'places', language: 'en', seed: 3, name: 'stopped' },
    signal,
  );
  let arrived = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  server.script(async (_, request) => {
    arrived();
    await request.closed;
  });
  const { spec } = await launchJob(workspace.paths, { kind: 'make-data', making });
  await waiting;
  expect((await stopJob(workspace.paths, spec.id)).state).toBe('stopped');

  server.script(status(400, { error: { message: 'no such thing' } }));
  const failed = await resumeJob(workspace.paths, spec.id);
  const view = await waitForJob(workspace.paths, failed.spec.id);
  expect(view.state).toBe('failed');
  expect(view.error?.message).toContain('5 requests in a row failed');
  expect(readdirSync(workspace.paths.datasets).filter((name) => name === 'stopped')).toEqual([]);
});

test('answers for questions without one: from their context, or looked up; what is not there stays unanswered', async () => {
  const rows = [
    ['When did the station in Bergen open?', '', passage('Bergen', 0)],
    ['How much rain fell in Lima?', '114 units', passage('Lima', 2)],
    ['What is the name of the keeper?', '', passage('Turin', 7)],
  ];
  const file = path.join(workspace.folder, 'open.csv');
  const cells = rows.map((row) => row.map((cell) => `"${cell}"`).join(','));
  writeFileSync(file, `question,answer,context\n${cells.join('\n')}\n"When did the station in Quito open?","",""\n`);
  await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'open' });
  server.script((response, request) => {
    const text = asked(request);
    const answer = text.includes('keeper?')
      ? ''
      : String(1900 + PLACES.indexOf(placeIn(text.split('Question:')[1] ?? '')));
    return says([JSON.stringify({ answer })])(response, request);
  });
  const label = { ...wish, dataset: 'open', split: 'all' };
  await expect(prepareLabels(workspace.paths, label, signal)).rejects.toThrow(/no context/);
  const { making } = await prepareLabels(workspace.paths, { ...label, kb: 'places' }, signal);
  const { made } = await run(making);
  expect(made).toMatchObject({ dataset: 'open-answered', rows: 4, counts: { answered: 2, 'not answered': 1 } });
  const dataset = openDataset(workspace.paths, 'open-answered');
  if (dataset.kind !== 'qa') throw new Error('kind');
  expect([0, 1, 2, 3].map((at) => dataset.row(at).answers[0])).toEqual(['1900', '114 units', '', '1906']);
  expect(dataset.row(3).context).toContain('Quito');
});

test('negatives with a real embedder: of the contexts, and of the index of a knowledge base', async () => {
  const rows = PLACES.map(
    (place, at) => `"When was the station in ${place} opened?","${1900 + at}","${passage(place, at)}"`,
  );
  const file = path.join(workspace.folder, 'mine.csv');
  writeFileSync(
    file,
    `question,answer,context\n${rows.join('\n')}\n"Which station copied Bergen?","Bergen","${passage('Bergen', 0)} "\n`,
  );
  await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'mine' });
  const base = {
    dataset: 'mine',
    part: 'all',
    seed: 1,
    instruction: '',
    sources: [
      {
        from: 'embedder' as const,
        embedder: EMBEDDER,
        count: 3,
        ranks: [1, 5] as [number, number],
        choose: 'top' as const,
      },
      { from: 'bm25' as const, count: 1, ranks: [1, 9] as [number, number], choose: 'top' as const },
    ],
    margin: null,
    fill: true,
    audit: USUAL_AUDIT,
    concurrency: 2,
  };
  const own = await run((await prepareNegatives(workspace.paths, { ...base, kb: null, as: 'own' })).making);
  expect(own.made).toMatchObject({ rows: 11, counts: { [`negatives: ${EMBEDDER}`]: 33, 'negatives: bm25': 11 } });
  const dataset = openDataset(workspace.paths, 'own');
  if (dataset.kind !== 'retrieval') throw new Error('kind');
  for (let at = 0; at < 11; at += 1) {
    const { pos, neg } = dataset.row(at);
    expect(new Set(neg).size).toBe(4);
    expect(neg.map((text) => text.trim())).not.toContain(pos[0]?.trim());
  }
  const fromKb = await run(
    (await prepareNegatives(workspace.paths, { ...base, kb: { name: 'places', group: null }, as: 'from-kb' })).making,
  );
  expect(fromKb.made.rows).toBe(11);
  // The passages are the same ten texts, and exact search in both: the same negatives.
  const other = openDataset(workspace.paths, 'from-kb');
  if (other.kind !== 'retrieval') throw new Error('kind');
  expect(other.row(0).neg).toEqual(dataset.row(0).neg);

  const judged = { ...base, kb: null, as: 'judged', audit: { ...USUAL_AUDIT, judge: { llm: 'fake' } } };
  server.script((response, request) => says([asked(request).includes('Kyoto was') ? 'Yes' : 'No'])(response, request));
  const voted = await run((await prepareNegatives(workspace.paths, judged)).making);
  expect(voted.made.usage.requests).toBeGreaterThan(0);
  const { byRule, entries } = readQuarantine(workspace.paths, 'judged', { offset: 0, limit: 100 });
  expect(byRule['judge']).toBeGreaterThan(0);
  expect(
    entries.filter(({ reasons }) => reasons[0]?.rule === 'judge').every(({ text }) => text.includes('Kyoto')),
  ).toBe(true);
});

test('a cross-encoder’s vote: what it gives the threshold is set apart, and each score is kept', async () => {
  await addLocalModel(workspace.paths, {
    name: 'toy-reranker',
    path: path.join(fixturesDir(), 'reference', 'toy-reranker'),
    kind: 'reranker',
  });
  const file = path.join(workspace.folder, 'toy.csv');
  writeFileSync(file, 'question,answer,context\na,x,a\na,x,c\na,x,b c\na,x,b b b b\n');
  await importDataset(workspace.paths, file, { format: 'financial-qa', name: 'toy' });
  // Against "a" the toy gives a 0.450, c 0.500, b c 0.622, b b b b 0.802 (worked out in embedder.test.ts).
  const { making } = await prepareNegatives(workspace.paths, {
    dataset: 'toy',
    part: 'all',
    seed: 1,
    instruction: '',
    sources: [{ from: 'random', count: 2 }],
    kb: null,
    margin: null,
    fill: false,
    audit: { ...NO_AUDIT, reranker: { id: 'toy-reranker', threshold: 0.6 } },
    concurrency: 1,
  });
  const { made, view } = await run(making);
  const dataset = openDataset(workspace.paths, 'toy-retrieval');
  if (dataset.kind !== 'retrieval') throw new Error('kind');
  expect([0, 1].map((at) => dataset.row(at).neg)).toEqual([['c'], ['a']]);
  expect([2, 3].map((at) => [...dataset.row(at).neg].sort())).toEqual([
    ['a', 'c'],
    ['a', 'c'],
  ]);
  expect(made.notes.join()).toContain('2 questions got fewer negatives');
  const { entries } = readQuarantine(workspace.paths, 'toy-retrieval', { offset: 0, limit: 10 });
  expect(entries.map(({ reasons }) => reasons[0]?.detail)).toContain('toy-reranker gives it 0.622');
  const journal = readFileSync(path.join(view.folder, 'journal.jsonl'), 'utf8').trim().split('\n');
  expect(journal.length).toBeGreaterThanOrEqual(4);
});
