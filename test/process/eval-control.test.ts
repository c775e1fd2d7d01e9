import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { importDataset } from '../../src/datasets/import.ts';
import { continueRun, pauseRun, retryFailed, setRunConcurrency } from '../../src/evaluation/control.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { buildReport } from '../../src/evaluation/report.ts';
import { readRun } from '../../src/evaluation/runs.ts';
import type { Evaluation } from '../../src/evaluation/types.ts';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { chats, depthIn, Gate, promptsOf, untilProgress, wells } from '../support/evaluations.ts';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const ITEMS = 12;
let workspace: TestWorkspace;
let server: FakeOpenAi;
const jobs: JobView[] = [];

beforeAll(async () => {
  ensureBuilt();
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
  await addEndpoint(workspace.paths, { name: 'fake', kind: 'chat', url: server.url, model: 'm' });
  const file = path.join(workspace.folder, 'wells.json');
  writeFileSync(file, JSON.stringify(wells(ITEMS)));
  await importDataset(workspace.paths, file, { format: 'squad', name: 'wells' });
});

afterEach(async () => {
  for (const { spec } of jobs.splice(0)) await stopJob(workspace.paths, spec.id);
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

let runs = 0;

async function launch(concurrency: Evaluation['concurrency']): Promise<JobView> {
  runs += 1;
  const { evaluation } = await prepareEvaluation(workspace.paths, {
    dataset: 'wells',
    split: 'all',
    kb: null,
    limit: null,
    seed: 1314,
    baselines: false,
    concurrency,
    reuse: false,
    // Each with prompts of its own: none finds answers of another.
    column: [`name=copies,llm=fake,context=gold,max-tokens=${50 + runs}`],
    metrics: ['exact'],
    primary: null,
    metricEmbedder: 'none',
  });
  const job = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation });
  jobs.push(job);
  return job;
}

const ended = (job: JobView) => waitForJob(workspace.paths, job.spec.id);
const figures = (job: JobView) => buildReport(readRun(workspace.paths, job.spec.id));

it('pauses after what is being answered, says since when, and goes on where it was', async () => {
  const gate = new Gate();
  server.script(gate.reply());
  const before = promptsOf(server).length;
  const asked = () => promptsOf(server).length - before;
  const job = await launch(3);
  await waitUntil(() => gate.waiting === 3, 60_000, 5);
  const at = Date.now();
  pauseRun(workspace.paths, job.spec.id);
  expect((await untilProgress(job, ({ phase }) => phase === 'pausing')).details).toMatchObject({ inWork: 3 });
  gate.open(3);
  // What is being answered ends before what it said is written.
  const paused = await untilProgress(job, ({ phase, done }) => phase === 'paused' && done === 3);
  expect(paused).toMatchObject({ done: 3, rate: null, secondsLeft: null, details: { inWork: 0 } });
  expect(paused.details['pausedSince']).toBeGreaterThanOrEqual(at - 1000);
  expect(asked()).toBe(3);
  gate.open(100);
  continueRun(workspace.paths, job.spec.id);
  expect((await ended(job)).state).toBe('succeeded');
  expect([asked(), figures(job).metrics['exact']?.sum]).toEqual([ITEMS, ITEMS]);
  expect(() => pauseRun(workspace.paths, job.spec.id)).toThrow(/is over: succeeded/);
});

it('is stopped while it is paused', async () => {
  const gate = new Gate();
  server.script(gate.reply());
  const job = await launch(1);
  await waitUntil(() => gate.waiting === 1, 60_000, 5);
  pauseRun(workspace.paths, job.spec.id);
  gate.open(1);
  await untilProgress(job, ({ phase }) => phase === 'paused');
  expect((await stopJob(workspace.paths, job.spec.id)).state).toBe('stopped');
});

it('takes another number of items at once, up and down', async () => {
  const gate = new Gate();
  server.script(gate.reply());
  const job = await launch(1);
  await waitUntil(() => gate.waiting === 1, 60_000, 5);
  setRunConcurrency(workspace.paths, job.spec.id, 5);
  expect(await waitUntil(() => gate.waiting === 5, 60_000, 5)).toBe(true);
  setRunConcurrency(workspace.paths, job.spec.id, 2);
  await untilProgress(job, ({ details }) => details['places'] === 2);
  gate.open(3);
  await untilProgress(job, ({ done }) => done === 3);
  expect(gate.waiting).toBe(2);
  gate.open(100);
  expect((await ended(job)).state).toBe('succeeded');
});

it('asks what failed again, in the same run while it goes on, in a new one when it is over', async () => {
  const gate = new Gate();
  let broken = true;
  let count = 0;
  server.script(
    chats(async (prompt) => {
      count += 1;
      if (broken && count % 2 === 0) return status(400, { error: { message: 'not today' } });
      return says([depthIn(prompt)]);
    }),
  );
  const first = await launch(1);
  expect((await ended(first)).state).toBe('succeeded');
  expect(figures(first).columns[0]).toMatchObject({ items: ITEMS, errors: ITEMS / 2 });

  // Over: a new run asks those six.
  broken = false;
  const asked = promptsOf(server).length;
  const again = await retryFailed(workspace.paths, first.spec.id);
  jobs.push(again);
  expect(again.spec.id).not.toBe(first.spec.id);
  await ended(again);
  expect([promptsOf(server).length - asked, figures(again).columns[0]?.errors]).toEqual([ITEMS / 2, 0]);
  await expect(retryFailed(workspace.paths, again.spec.id)).rejects.toThrow(/Nothing failed/);

  // Going on: the first one fails, the second waits at the gate meanwhile.
  let failures = 0;
  const open = gate.reply();
  server.script(async (response, request) => {
    if (request.path === '/v1/chat/completions' && failures === 0) {
      failures += 1;
      return status(400, { error: { message: 'once' } })(response, request);
    }
    await open(response, request);
  });
  const job = await launch(1);
  await untilProgress(job, ({ details }) => details['errors'] === 1);
  expect((await retryFailed(workspace.paths, job.spec.id)).spec.id).toBe(job.spec.id);
  gate.open(100);
  const last = await ended(job);
  expect(last.state).toBe('succeeded');
  expect([last.progress]).toEqual([
    expect.objectContaining({
      phase: 'done',
      done: ITEMS,
      total: ITEMS,
      details: expect.objectContaining({ errors: 0 }),
    }),
  ]);
  expect(figures(job).columns[0]).toMatchObject({ items: ITEMS, errors: 0 });
  expect(readRun(workspace.paths, job.spec.id).items).toHaveLength(ITEMS + 1);
});
