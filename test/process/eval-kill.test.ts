import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { goOn } from '../../src/evaluation/control.ts';
import { readItems } from '../../src/evaluation/item-log.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { buildReport } from '../../src/evaluation/report.ts';
import { readRun } from '../../src/evaluation/runs.ts';
import { Random } from '../../src/evaluation/statistics/random.ts';
import { columnsOf } from '../../src/evaluation/table.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { depthIn, wells } from '../support/evaluations.ts';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { LINE, TestWorkspace } from '../support/workspace.ts';

/** The soak kills more often; its seed is another one each time, and told. */
const ROUNDS = Number(process.env['RAGTUI_EVAL_KILLS'] ?? 10);
const SEED = Number(process.env['RAGTUI_KILL_SEED'] ?? Date.now() % 1_000_000);
const ITEMS = Math.max(24, 3 * ROUNDS);
const AT_ONCE = 3;
const COLUMNS = ['name=gold,llm=a,context=gold,prompt=sft', 'name=found,llm=b,mode=bm25,top-k=1'];

let workspace: TestWorkspace;
let server: FakeOpenAi;
/** What was asked, as MODEL QUESTION, in order. */
const asked: string[] = [];
const bodySchema = z.object({ model: z.string(), messages: z.array(z.object({ content: z.string() })) });

beforeAll(async () => {
  ensureBuilt();
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
  for (const model of ['a', 'b']) {
    await addEndpoint(workspace.paths, { name: model, kind: 'chat', url: server.url, model });
  }
  const file = path.join(workspace.folder, 'wells.json');
  const passages = path.join(workspace.folder, 'passages.jsonl');
  writeFileSync(file, JSON.stringify(wells(ITEMS)));
  for (let i = 0; i < ITEMS; i += 1) {
    const text = `The well of farm ${i} is ${10 + i} metres deep.`;
    appendFileSync(passages, `${JSON.stringify({ id: `p${i}`, text })}\n`);
  }
  await importDataset(workspace.paths, file, { format: 'squad', name: 'wells' });
  await workspace.createKb('wells', [LINE], []);
  await workspace.withKb((kb) => kb.call('kb.list', {}));
  const ingest = await workspace.launchIngest('wells', [passages], { embedders: [] });
  await waitForJob(workspace.paths, ingest.spec.id);
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    const { model, messages } = bodySchema.parse(request.body);
    const prompt = messages.map(({ content }) => content).join('\n');
    asked.push(`${model} ${/How deep is the well of farm \d+\?/.exec(prompt)?.[0]}`);
    // A moment, so that a kill can fall between question and answer.
    await delay(10);
    await says(depthIn(prompt).split(/(?<= )/))(response, request);
  });
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

const MODELS: Readonly<Record<string, string>> = { gold: 'a', found: 'b' };

/** What stands in the logs of all runs, as in `asked`. */
const kept = (): Set<string> =>
  new Set(
    listJobs(workspace.paths).flatMap(({ folder }) =>
      readItems(folder).flatMap(({ column, question }) => (MODELS[column] ? [`${MODELS[column]} ${question}`] : [])),
    ),
  );

/** Kills the process that a file of the job names; false when it is gone already. */
async function kill(file: string): Promise<boolean> {
  const stored = readJsonFile(file, identityFileSchema);
  const identity = stored && processIdentity(stored.pid);
  if (!stored || !identity || identity.startTime !== stored.startTime) return false;
  process.kill(identity.pid, 'SIGKILL');
  await waitUntil(() => processIdentity(identity.pid)?.startTime !== identity.startTime, 10_000, 2);
  return true;
}

function tableOf(id: string) {
  const run = readRun(workspace.paths, id);
  const { columns, differences } = buildReport(run);
  return {
    items: columnsOf(run).map(({ name, items }) => [
      name,
      [...items.values()].map(({ timing, reusedFrom, ...rest }) => rest),
    ]),
    figures: columns.map(({ name, items, errors, metrics }) => ({ name, items, errors, metrics })),
    differences,
  };
}

it(`${ROUNDS} kills of worker, supervisor and service lose nothing, repeat nothing and change no figure (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const { evaluation } = await prepareEvaluation(workspace.paths, {
    dataset: 'wells',
    split: 'all',
    kb: 'wells',
    limit: null,
    seed: 1314,
    baselines: true,
    concurrency: AT_ONCE,
    reuse: true,
    column: COLUMNS,
    metrics: ['exact', 'token-f1', 'hit@1'],
    primary: null,
    metricEmbedder: 'none',
  });
  let job: JobView = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation });
  const over = () => isOver(readJob(workspace.paths, job.spec.id).state);
  const killed = { worker: 0, supervisor: 0, service: 0 };
  const repeated: string[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Moments are counted in requests, so that a slow machine is hit as evenly as a fast one.
    const moment = Math.floor((2 * ITEMS * 0.9 * (round - random.unit())) / ROUNDS);
    await waitUntil(() => asked.length >= moment || over(), 60_000, 1);
    const victim = (['worker', 'supervisor', 'service'] as const)[random.below(3)] ?? 'worker';
    const files = jobFiles(job.folder);
    if (victim === 'service') await workspace.killService();
    else if (!(await kill(files[victim]))) await kill(files.worker);
    killed[victim] += 1;
    if (readJsonFile(files.worker, identityFileSchema) && (await gone(files.worker))) {
      await waitForJob(workspace.paths, job.spec.id);
      if (readJob(workspace.paths, job.spec.id).state === 'succeeded') break;
      const finished = kept();
      const from = asked.length;
      job = await goOn(workspace.paths, job.spec.id);
      const at = round;
      checks.push(() =>
        repeated.push(
          ...asked
            .slice(from)
            .filter((one) => finished.has(one))
            .map((one) => `${at}: ${one}`),
        ),
      );
    }
  }
  let end = await waitForJob(workspace.paths, job.spec.id);
  if (end.state !== 'succeeded') {
    job = await goOn(workspace.paths, job.spec.id);
    end = await waitForJob(workspace.paths, job.spec.id);
  }
  expect([end.state, end.reason]).toEqual(['succeeded', '']);
  for (const check of checks) check();
  expect(repeated).toEqual([]);
  // Asked twice is only what was under way when its worker died.
  const twice = asked.length - new Set(asked).size;
  expect([new Set(asked).size, twice <= AT_ONCE * (killed.worker + killed.supervisor)]).toEqual([2 * ITEMS, true]);

  const before = asked.length;
  const undisturbed = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation, reuse: false });
  expect((await waitForJob(workspace.paths, undisturbed.spec.id)).state).toBe('succeeded');
  expect(asked.length - before).toBe(2 * ITEMS);
  expect(tableOf(job.spec.id)).toEqual(tableOf(undisturbed.spec.id));
  expect(killed.worker + killed.supervisor + killed.service).toBe(ROUNDS);
});

/** Looked at when all is over. */
const checks: (() => void)[] = [];

/** Whether the process that a file names has ended. */
async function gone(file: string): Promise<boolean> {
  const stored = readJsonFile(file, identityFileSchema);
  return stored !== undefined && processIdentity(stored.pid)?.startTime !== stored.startTime;
}
