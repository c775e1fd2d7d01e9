import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { Random } from '../../src/evaluation/statistics/random.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { runThroughKills, tableOf } from '../support/eval-kills.ts';
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
const COLUMN_OF: Readonly<Record<string, string>> = { a: 'gold', b: 'found' };
/** What was asked, as COLUMN QUESTION, in order. */
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
    asked.push(`${COLUMN_OF[model]} ${/How deep is the well of farm \d+\?/.exec(prompt)?.[0]}`);
    // A moment, so that a kill can fall between question and answer.
    await delay(10);
    await says(depthIn(prompt).split(/(?<= )/))(response, request);
  });
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

it(`${ROUNDS} kills of worker, supervisor and service lose nothing, repeat nothing and change no figure (seed ${SEED})`, async () => {
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
  const plan = { workspace, evaluation, rounds: ROUNDS, random: new Random(SEED), asked, total: 2 * ITEMS };
  const { job, killed, repeated } = await runThroughKills(plan);
  expect([job.state, job.reason]).toEqual(['succeeded', '']);
  expect(repeated).toEqual([]);
  // Asked twice is only what was under way when its worker died.
  const twice = asked.length - new Set(asked).size;
  expect([new Set(asked).size, twice <= AT_ONCE * (killed.worker + killed.supervisor)]).toEqual([2 * ITEMS, true]);

  const before = asked.length;
  const undisturbed = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation, reuse: false });
  expect((await waitForJob(workspace.paths, undisturbed.spec.id)).state).toBe('succeeded');
  expect(asked.length - before).toBe(2 * ITEMS);
  expect(tableOf(workspace.paths, job.spec.id)).toEqual(tableOf(workspace.paths, undisturbed.spec.id));
  expect(killed.worker + killed.supervisor + killed.service).toBe(ROUNDS);
});
