import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { compareColumns } from '../../src/evaluation/diff.ts';
import { readItems } from '../../src/evaluation/item-log.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { buildReport } from '../../src/evaluation/report.ts';
import { markdownReport } from '../../src/evaluation/reports/markdown.ts';
import { readRun } from '../../src/evaluation/runs.ts';
import { columnsOf } from '../../src/evaluation/table.ts';
import type { Evaluation } from '../../src/evaluation/types.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { type FakeOpenAi, type FakeRequest, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { EMBEDDER, TestWorkspace } from '../support/workspace.ts';

const PLACES = ['Bergen', 'Kyoto', 'Lima', 'Accra', 'Tartu', 'Osaka', 'Quito', 'Turin', 'Dakar', 'Porto'];
const METRICS = ['token-f1', 'exact', 'verbatim', 'origin-tutorial', 'hit@1', 'hit@5', 'mrr@10', `cosine@${EMBEDDER}`];

let workspace: TestWorkspace;
let server: FakeOpenAi;

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([EMBEDDER]);
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
  await addEndpoint(workspace.paths, { name: 'fake', kind: 'chat', url: server.url, model: 'model-a' });
  const passages = path.join(workspace.folder, 'passages.jsonl');
  const questions = path.join(workspace.folder, 'questions.json');
  writeFileSync(questions, JSON.stringify(squadFile()));
  await importDataset(workspace.paths, questions, { format: 'squad', name: 'places' });
  for (const [i, place] of PLACES.entries()) {
    appendFileSync(passages, `${JSON.stringify({ id: `place-${i}`, text: passageOf(place, i) })}\n`);
  }
  await workspace.createKb('places');
  await workspace.ingest('places', [passages]);
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

const passageOf = (place: string, i: number) =>
  `The station in ${place} was opened in ${1900 + i}. Its keeper measured ${100 + 7 * i} units of rain.`;

/** Ten passages, two questions each. */
function squadFile() {
  const paragraphs = PLACES.map((place, i) => {
    const qa = (id: string, question: string, text: string) => ({
      id: `${id}-${i}`,
      question,
      answers: [{ text, answer_start: passageOf(place, i).indexOf(text) }],
    });
    return {
      context: passageOf(place, i),
      qas: [
        qa('year', `When was the station in ${place} opened?`, String(1900 + i)),
        qa('rain', `How much rain was measured in ${place}?`, `${100 + 7 * i} units`),
      ],
    };
  });
  return { version: '1.1', data: [{ title: 'stations', paragraphs }] };
}

const bodySchema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });
const promptOf = (request: FakeRequest) => bodySchema.parse(request.body).messages.at(-1)?.content ?? '';
const asked = () => server.requests.filter(({ path: at }) => at === '/v1/chat/completions').map(promptOf);

/** A model whose answer depends on the prompt alone: right for even years, else the whole first sentence. */
function answerTo(prompt: string): string {
  const year = /opened in (\d+)/.exec(prompt)?.[1] ?? '';
  return Number(year) % 2 === 0 ? year : (/The station[^.]*\./.exec(prompt)?.[0] ?? '');
}

/** Serves answers after a moment, so that a kill can fall between question and answer. */
function serve(pauseMs: number): void {
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    await delay(pauseMs);
    await says(answerTo(promptOf(request)).split(/(?<= )/))(response, request);
  });
}

async function evaluationOf(column: string[], over: Partial<Evaluation> = {}): Promise<Evaluation> {
  const { evaluation } = await prepareEvaluation(workspace.paths, {
    dataset: 'places',
    split: 'all',
    kb: 'places',
    limit: null,
    seed: 1314,
    baselines: true,
    concurrency: 1,
    reuse: true,
    column,
    metrics: METRICS,
    primary: null,
    metricEmbedder: null,
  });
  return { ...evaluation, ...over };
}

const launch = (evaluation: Evaluation) => launchJob(workspace.paths, { kind: 'evaluate', ...evaluation });
async function finished(job: JobView): Promise<JobView> {
  const view = await waitForJob(workspace.paths, job.spec.id);
  if (view.state === 'failed') throw new Error(`${view.reason}\n${readFileSync(jobFiles(view.folder).stderr, 'utf8')}`);
  return view;
}

/** Everything of a table but times and where an answer came from. */
function tableOf(id: string) {
  const tables = columnsOf(readRun(workspace.paths, id));
  return tables.map(({ name, items }) => [name, [...items.values()].map(({ timing, reusedFrom, ...rest }) => rest)]);
}

async function killWorkerAfter(job: JobView, lines: number): Promise<void> {
  await waitUntil(() => readItems(job.folder).length >= lines, 60_000, 2);
  const worker = readJsonFile(jobFiles(job.folder).worker, identityFileSchema);
  const identity = worker && processIdentity(worker.pid);
  if (!identity) throw new Error('The run was over before it could be killed.');
  process.kill(identity.pid, 'SIGKILL');
  await waitForJob(workspace.paths, job.spec.id);
}

describe('a run that is killed', () => {
  const columns = ['name=base,llm=fake,context=gold,prompt=sft', 'name=rag,llm=fake,mode=vector,top-k=1'];

  it('resumes, repeats nothing, and ends with the table of an undisturbed run', async () => {
    serve(15);
    const evaluation = await evaluationOf(columns);
    // Two columns and four baselines of 20 items make 120 lines.
    const at = [1 + Math.floor(Math.random() * 40), 45 + Math.floor(Math.random() * 40)];
    await killWorkerAfter(await launch(evaluation), at[0] ?? 1);
    await killWorkerAfter(await launch(evaluation), at[1] ?? 1);
    const last = await finished(await launch(evaluation));
    expect(last.state).toBe('succeeded');

    const prompts = asked();
    const repeated = prompts.length - new Set(prompts).size;
    expect([at, repeated <= 2, new Set(prompts).size]).toEqual([at, true, 40]);

    const before = server.requests.length;
    const undisturbed = await finished(await launch({ ...evaluation, reuse: false }));
    expect(asked().length).toBe(prompts.length + 40);
    expect(tableOf(last.spec.id)).toEqual(tableOf(undisturbed.spec.id));
    expect(server.requests.length).toBeGreaterThan(before);

    // A rerun, and one with a column more, ask only what is new.
    const soFar = asked().length;
    await finished(await launch(evaluation));
    expect(asked().length).toBe(soFar);
    await finished(await launch(await evaluationOf([...columns, 'name=short,llm=fake,context=gold,prompt=tutorial'])));
    expect(asked().length).toBe(soFar + 20);
  });

  it('says what came out, in figures and words', async () => {
    const run = readRun(workspace.paths, 'latest');
    const report = buildReport(run);
    expect(report.run).toMatchObject({ state: 'succeeded', items: 20, errors: 0, interim: false });
    const column = (name: string) => report.columns.find((one) => one.name === name)?.metrics ?? {};
    // By hand: years are even for 5 of 10 passages; those 5 "year" questions are answered exactly, nothing else is.
    expect(column('base')['exact']).toMatchObject({ sum: 5, n: 20, mean: 0.25 });
    expect(column('base')['verbatim']).toMatchObject({ mean: 1 });
    expect(column('empty')).toMatchObject({
      exact: { mean: 0 },
      verbatim: { mean: 0 },
      'origin-tutorial': { mean: 1 },
    });
    expect(column('base')['hit@1']).toBeUndefined();
    for (const name of ['rag', 'bm25']) expect(column(name)['hit@5']).toMatchObject({ mean: 1, n: 20 });
    expect(column('bm25')['exact']).toBeUndefined();
    expect(column('shuffled-answer')[`cosine@${EMBEDDER}`]?.mean).toBeLessThan(
      column('base')[`cosine@${EMBEDDER}`]?.mean ?? 0,
    );
    const markdown = markdownReport(report);
    expect(markdown).toContain('| *copy-sentence* |');
    expect(markdown).toMatch(/Cannot tell rag from base in token-f1/);
    const { metrics } = compareColumns(workspace.paths, ['empty', 'base'], 'latest');
    expect(metrics['verbatim']).toMatchObject({ difference: 1, verdict: 'better' });
    expect(() => compareColumns(workspace.paths, ['base', 'bm25'], 'latest')).toThrow(
      /no question with a common metric/,
    );
  });
});

it('a server that answers with errors: they are counted, and tried again by the next run', async () => {
  const evaluation = await evaluationOf(['name=faulty,llm=fake,context=none'], {
    kb: null,
    limit: 6,
    baselines: false,
  });
  let count = 0;
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    count += 1;
    await (count % 3 === 0 ? status(400, { error: { message: 'bad prompt' } }) : says(['units']))(response, request);
  });
  const first = await finished(await launch(evaluation));
  const figures = buildReport(readRun(workspace.paths, first.spec.id));
  expect(figures.run).toMatchObject({ items: 6, errors: 2 });
  expect(figures.metrics['exact']).toMatchObject({ n: 6 });
  expect(figures.columns[0]?.metrics['verbatim']).toBeUndefined();

  server.script(says(['units']));
  const before = server.requests.length;
  const second = await finished(await launch(evaluation));
  expect(buildReport(readRun(workspace.paths, second.spec.id)).run.errors).toBe(0);
  expect(server.requests.slice(before).filter(({ path: at }) => at === '/v1/chat/completions')).toHaveLength(2);
});

it('a server that is gone ends the run with the way on, and keeps what is finished', async () => {
  const evaluation = await evaluationOf(['name=gone,llm=fake,context=gold'], { baselines: false, reuse: false });
  let count = 0;
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    count += 1;
    await (count <= 3 ? says(['units']) : status(400, { error: { message: 'out of order' } }))(response, request);
  });
  const job = await launch(evaluation);
  const view = await waitForJob(workspace.paths, job.spec.id);
  expect(view.state).toBe('failed');
  expect(view.error).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('eval resume') });
  expect(readItems(job.folder).map(({ state }) => state)).toEqual([
    ...Array.from({ length: 3 }, () => 'ok'),
    ...Array.from({ length: 5 }, () => 'error'),
  ]);
});
