import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { goOn } from '../../src/evaluation/control.ts';
import { prepareJudging, startJudging } from '../../src/evaluation/judge/afterwards.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { buildReport } from '../../src/evaluation/report.ts';
import { readRun } from '../../src/evaluation/runs.ts';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { readLines } from '../../src/platform/line-log.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { chats, depthIn, promptsOf, wells } from '../support/evaluations.ts';
import { type FakeOpenAi, type FakeReply, type FakeRequest, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const ITEMS = 10;
let workspace: TestWorkspace;
let answering: FakeOpenAi;
let judging: FakeOpenAi;
const jobs: JobView[] = [];

beforeAll(async () => {
  ensureBuilt();
  workspace = new TestWorkspace();
  answering = await fakeOpenAi();
  judging = await fakeOpenAi();
  for (const model of ['short', 'long']) {
    await addEndpoint(workspace.paths, { name: model, kind: 'chat', url: answering.url, model });
  }
  for (const name of ['judge', 'judge2', 'judge3', 'judge4', 'judge5', 'judge6']) {
    await addEndpoint(workspace.paths, { name, kind: 'chat', url: judging.url, model: name });
  }
  const file = path.join(workspace.folder, 'wells.json');
  writeFileSync(file, JSON.stringify(wells(ITEMS)));
  await importDataset(workspace.paths, file, { format: 'squad', name: 'wells' });
  const chinese = path.join(workspace.folder, 'zh.json');
  const qas = [{ id: 'z', question: '三号井有多深？', answers: [{ text: '十二米', answer_start: 5 }] }];
  const paragraphs = [{ context: '三号井深度是十二米。', qas }];
  writeFileSync(chinese, JSON.stringify({ version: '1.1', data: [{ title: 'zh', paragraphs }] }));
  await importDataset(workspace.paths, chinese, { format: 'squad', name: 'zh' });
  answering.script(async (response, request) => {
    const model = z.object({ model: z.string() }).safeParse(request.body).data?.model;
    await chats((prompt) => {
      const depth = prompt.includes('三号井') ? '十二米' : depthIn(prompt);
      return says([model === 'short' ? depth : `It is ${depth} deep.`]);
    })(response, request);
  });
});

beforeEach(() => {
  judging.script(reads(readable));
});

afterEach(async () => {
  for (const { spec } of jobs.splice(0)) await stopJob(workspace.paths, spec.id);
});

afterAll(async () => {
  await workspace?.remove();
  await answering?.close();
  await judging?.close();
});

const bodySchema = z.object({
  messages: z.array(z.object({ content: z.string() })),
  temperature: z.number().optional(),
  seed: z.number().optional(),
  response_format: z.object({ json_schema: z.object({ name: z.string() }) }).optional(),
});
/** What judges were asked, without what is asked about the server. */
const judged = (): readonly FakeRequest[] => judging.requests.filter(({ path: at }) => at === '/v1/chat/completions');
type Asked = 'statements' | 'verdicts' | 'questions' | 'better';

/** A judge whose replies depend on what it is asked for and on the prompt. */
const reads =
  (reply: (asked: Asked, prompt: string) => string): FakeReply =>
  async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    const { messages } = bodySchema.parse(request.body);
    const prompt = messages.map(({ content }) => content).join('\n');
    const asked = (['statements', 'verdicts', 'questions', 'better'] as const).find((one) =>
      prompt.includes(`{"${one}"`),
    );
    await says([reply(asked ?? 'better', prompt)])(response, request);
  };

/** Every statement holds; the longer answer is better, wherever it stands. */
function readable(asked: Asked, prompt: string): string {
  if (asked === 'statements') return '{"statements": "One. ||| Two."}';
  if (asked === 'verdicts') return '{"verdicts": [1, 0]}';
  if (asked === 'questions') return '{"questions": ["How deep?", "What depth?", "Deep?"]}';
  const first = prompt.indexOf('It is ');
  const second = prompt.search(/Answer B|回答 B/);
  return JSON.stringify({ better: first < second ? 'A' : 'B' });
}

const COLUMNS = ['name=short,llm=short,context=gold', 'name=long,llm=long,context=gold'];

async function launch(over: { judge?: string; metrics?: string[]; dataset?: string } = {}): Promise<JobView> {
  const { evaluation } = await prepareEvaluation(workspace.paths, {
    dataset: 'wells',
    split: 'all',
    kb: null,
    limit: null,
    seed: 1314,
    baselines: false,
    concurrency: 2,
    reuse: true,
    column: COLUMNS,
    metrics: ['exact', 'token-f1'],
    primary: null,
    metricEmbedder: 'none',
    ...over,
  });
  const job = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation });
  jobs.push(job);
  return job;
}

async function judge(run: JobView, llm: string, metrics: string[]): Promise<JobView> {
  const { judging: work } = await prepareJudging(workspace.paths, run.spec.id, {
    judge: llm,
    metrics,
    metricEmbedder: null,
    limit: null,
    concurrency: 2,
  });
  const job = await startJudging(workspace.paths, work);
  jobs.push(job);
  return job;
}

const ended = async (job: JobView): Promise<JobView> => waitForJob(workspace.paths, job.spec.id);
const reportOf = ({ spec }: JobView) => buildReport(readRun(workspace.paths, spec.id));
const columnOf = (job: JobView, name: string) => reportOf(job).columns.find((one) => one.name === name);
const TEXTS = ['faithfulness', 'preference'];

it('judges while the run goes on: prompts, seed and schema as they are meant, figures with the judge in their name', async () => {
  const from = judged().length;
  const job = await launch({ judge: 'judge', metrics: ['exact', ...TEXTS] });
  expect((await ended(job)).state).toBe('succeeded');
  expect(columnOf(job, 'long')?.metrics).toMatchObject({
    'faithfulness@judge': { mean: 0.5, n: ITEMS },
    'preference@judge': { mean: 1, n: ITEMS },
  });
  expect(columnOf(job, 'short')?.metrics['preference@judge']).toMatchObject({ mean: 0.5, n: ITEMS });
  const report = reportOf(job);
  expect(report.differences[0]?.metrics['preference@judge']).toMatchObject({ difference: 0.5, verdict: 'better' });
  expect(report.run.capsule?.judge).toMatchObject({ llm: 'judge', model: 'judge', base: 'short', related: [] });
  const bodies = judged()
    .slice(from)
    .map(({ body }) => bodySchema.parse(body));
  // Statements of 2 columns, verdicts (the same statements on the same passage are asked about once), 2 orders.
  expect(bodies).toHaveLength(5 * ITEMS);
  expect(new Set(bodies.map(({ temperature, seed }) => `${temperature} ${seed}`))).toEqual(new Set(['0 1314']));
  expect(bodies.every(({ response_format }) => response_format !== undefined)).toBe(true);
});

it('judges a run afterwards, asks no column again, and a second time asks nothing at all', async () => {
  const job = await launch();
  expect((await ended(job)).state).toBe('succeeded');
  const [asked, before] = [promptsOf(answering).length, judged().length];
  const first = await judge(job, 'judge2', TEXTS);
  expect((await ended(first)).state).toBe('succeeded');
  expect([promptsOf(answering).length - asked, judged().length - before]).toEqual([0, 5 * ITEMS]);
  expect(columnOf(job, 'long')?.metrics['preference@judge2']).toMatchObject({ mean: 1, n: ITEMS });
  const figures = reportOf(job);
  expect((await ended(await judge(job, 'judge2', TEXTS))).state).toBe('succeeded');
  expect(judged().length - before).toBe(5 * ITEMS);
  expect(reportOf(job)).toEqual(figures);
  // Two judges stand beside each other; the run itself can still be gone on with.
  expect((await ended(await judge(job, 'judge3', ['faithfulness']))).state).toBe('succeeded');
  expect(Object.keys(columnOf(job, 'long')?.metrics ?? {})).toEqual(
    expect.arrayContaining(['exact', 'faithfulness@judge2', 'preference@judge2', 'faithfulness@judge3']),
  );
  const again = await goOn(workspace.paths, job.spec.id);
  jobs.push(again);
  expect((await ended(again)).state).toBe('succeeded');
});

it('a judge that always chooses the first place makes ties of all, and is told so', async () => {
  judging.script(reads((asked, prompt) => (asked === 'better' ? '{"better": "A"}' : readable(asked, prompt))));
  const job = await launch();
  await ended(job);
  await ended(await judge(job, 'judge4', ['preference']));
  expect(columnOf(job, 'long')?.metrics['preference@judge4']).toMatchObject({ mean: 0.5, n: ITEMS });
  expect(reportOf(job).differences[0]?.metrics['preference@judge4']).toMatchObject({ verdict: 'cannot tell' });
  expect(reportOf(job).notes.find(({ id }) => id === 'judge-place')?.values).toMatchObject({
    placed: ITEMS,
    first: ITEMS,
  });
});

it('garbage is missing and counted, replies of a model that thinks or takes no schema are read', async () => {
  judging.script(async (response, request) => {
    // As a server that does not know response_format.
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    if (bodySchema.parse(request.body).response_format) {
      return status(400, { error: { message: 'response_format is not supported' } })(response, request);
    }
    return reads((asked, prompt) => {
      if (prompt.includes('farm 3?')) return 'I would rather not say.';
      return `<think>Hm. {"verdicts": [0]} perhaps.</think>\n${readable(asked, prompt)}`;
    })(response, request);
  });
  const job = await launch();
  await ended(job);
  const from = judged().length;
  expect((await ended(await judge(job, 'judge5', ['faithfulness']))).state).toBe('succeeded');
  const long = columnOf(job, 'long');
  expect(long?.metrics['faithfulness@judge5']).toMatchObject({ mean: 0.5, n: ITEMS - 1 });
  expect(long?.missing).toEqual({ 'faithfulness@judge5': 1 });
  expect(reportOf(job).notes.find(({ id }) => id === 'judge-missing')?.values).toMatchObject({
    missing: 1,
    unparseable: 1,
  });
  // Refused for a few that were on their way at once, then never sent again.
  const formed = judged()
    .slice(from)
    .filter(({ body }) => bodySchema.parse(body).response_format).length;
  expect(formed).toBeLessThanOrEqual(2);
});

it('a Chinese question is judged in Chinese', async () => {
  const from = judged().length;
  const job = await launch({ dataset: 'zh', judge: 'judge', metrics: ['exact', ...TEXTS] });
  expect((await ended(job)).state).toBe('succeeded');
  const prompts = judged()
    .slice(from)
    .map(({ body }) => bodySchema.parse(body).messages[0]?.content);
  expect(prompts).toHaveLength(5);
  for (const prompt of prompts) expect(prompt).toMatch(/^你/);
  expect(columnOf(job, 'long')?.metrics['preference@judge']).toMatchObject({ mean: 1, n: 1 });
});

it('a killed judge goes on where it was: no reply is lost, none asked for twice, the figures are those of one that was not', async () => {
  const job = await launch();
  await ended(job);
  const seen: string[] = [];
  const counted =
    (next: FakeReply): FakeReply =>
    (response, request) => {
      if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
      seen.push(JSON.stringify(bodySchema.parse(request.body).messages));
      return next(response, request);
    };
  judging.script(counted(reads(readable)));
  let now = await judge(job, 'judge6', TEXTS);
  for (const moment of [7, 19, 31]) {
    await waitUntil(() => seen.length >= moment, 60_000, 1);
    await kill(now);
    await ended(now);
    const kept = replies(job);
    const before = seen.length;
    now = await judge(job, 'judge6', TEXTS);
    await waitUntil(() => seen.length > before, 60_000, 1);
    expect(kept).toBeGreaterThan(0);
    // Two were on their way at most.
    expect(new Set(seen.slice(0, before)).size - kept).toBeLessThanOrEqual(2);
  }
  expect((await ended(now)).state).toBe('succeeded');
  expect(seen.length - new Set(seen).size).toBeLessThanOrEqual(2 * 3);
  expect(new Set(seen).size).toBe(5 * ITEMS);
  expect(replies(job)).toBe(5 * ITEMS);
  const { 'faithfulness@judge6': faithful, 'preference@judge6': preferred } = columnOf(job, 'long')?.metrics ?? {};
  expect([faithful?.mean, faithful?.n, preferred?.mean, preferred?.n]).toEqual([0.5, ITEMS, 1, ITEMS]);
});

it('a judge that is away ends the job with what to do, and what failed is asked for again', async () => {
  await addEndpoint(workspace.paths, { name: 'gone', kind: 'chat', url: judging.url, model: 'gone' });
  const job = await launch();
  await ended(job);
  // Not worth another try by itself: a page where the API should be.
  judging.script((response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  const failed = await ended(await judge(job, 'gone', ['faithfulness']));
  expect(failed).toMatchObject({ state: 'failed' });
  expect(failed.error?.message).toMatch(/The judge gone failed 5 times in a row: .*web page/);
  judging.script(reads(readable));
  expect((await ended(await judge(job, 'gone', ['faithfulness']))).state).toBe('succeeded');
  expect(columnOf(job, 'long')?.metrics['faithfulness@gone']).toMatchObject({ n: ITEMS });
});

it('warns when a column is judged by what answers it', async () => {
  const { warnings } = await prepareEvaluation(workspace.paths, {
    ...{
      dataset: 'wells',
      split: 'all',
      kb: null,
      limit: null,
      seed: 1,
      baselines: false,
      concurrency: 1,
      reuse: true,
    },
    ...{ column: COLUMNS, metrics: ['exact'], primary: null, metricEmbedder: 'none', judge: 'long' },
  });
  expect(warnings.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^long is to judge what it answers itself.*\(columns: long\)/),
  ]);
});

async function kill({ folder }: JobView): Promise<void> {
  const file = jobFiles(folder).worker;
  await waitUntil(() => readJsonFile(file, identityFileSchema) !== undefined, 60_000, 1);
  const stored = readJsonFile(file, identityFileSchema);
  if (!stored || processIdentity(stored.pid)?.startTime !== stored.startTime) return;
  process.kill(stored.pid, 'SIGKILL');
}

/** Replies on the disk, of the last judge of a run. */
function replies(run: JobView): number {
  const folder = listJobs(workspace.paths).find(({ spec }) => spec.id === run.spec.id)?.folder ?? '';
  const judges = path.join(folder, 'judges');
  const file = path.join(judges, readdirSync(judges)[0] ?? '', 'replies.jsonl');
  return readLines(file, z.object({ key: z.string() })).length;
}
