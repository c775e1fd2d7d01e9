import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { openQaDataset } from '../../src/datasets/open.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { Random } from '../../src/evaluation/statistics/random.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { runThroughKills, tableOf } from '../support/eval-kills.ts';
import { promptOf } from '../support/evaluations.ts';
import { type FakeOpenAi, fakeOpenAi, says, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const DATA = process.env['RAGTUI_BENCH_DATA'] ?? path.join(packageRoot(), '..', 'shared', 'data');
const TRIAL = path.join(DATA, 'cmrc2018', 'cmrc2018_trial.json');
const have = existsSync(TRIAL);
/** Of the 1,002 trial questions two are empty. */
const ITEMS = 1000;
const ROUNDS = Number(process.env['RAGTUI_QUESTION_KILLS'] ?? 12);
const SEED = Number(process.env['RAGTUI_KILL_SEED'] ?? Date.now() % 1_000_000);
const AT_ONCE = 8;

let workspace: TestWorkspace;
let server: FakeOpenAi;
/** As COLUMN QUESTION; the model of a column has its name. */
const asked: string[] = [];
/** The context of each question. */
const contextOf = new Map<string, string>();
const modelSchema = z.object({ model: z.string() });

beforeAll(async () => {
  if (!have) return;
  ensureBuilt();
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
  for (const model of ['gold', 'found']) {
    await addEndpoint(workspace.paths, { name: model, kind: 'chat', url: server.url, model });
  }
  await importDataset(workspace.paths, TRIAL, { name: 'trial' });
  const passages = new Map<string, string>();
  for await (const { contextId, context, question } of openQaDataset(workspace.paths, 'trial').rows()) {
    passages.set(contextId, context);
    contextOf.set(question, contextId);
  }
  const file = path.join(workspace.folder, 'passages.jsonl');
  writeFileSync(file, [...passages].map(([id, text]) => JSON.stringify({ id, text })).join('\n'));
  await workspace.createKb('trial', undefined, []);
  const ingest = await workspace.launchIngest('trial', [file], { embedders: [] });
  await waitForJob(workspace.paths, ingest.spec.id);
  server.script(async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    const prompt = promptOf(request);
    asked.push(`${modelSchema.parse(request.body).model} ${prompt.slice(prompt.lastIndexOf('\n\n') + 2)}`);
    // The same answer to the same prompt, and another one to another: a piece of what it was given to read.
    await says([prompt.slice(20, 32), prompt.slice(60, 70)])(response, request);
  });
});

afterAll(async () => {
  await workspace?.remove();
  await server?.close();
});

it.runIf(!have)('the published questions are not here: the run over 1,000 of them was NOT tried', () =>
  expect(have).toBe(false),
);

it.runIf(have)(
  `1,000 real questions, ${ROUNDS} kills: none lost, none asked twice but those in work, the table as if undisturbed (seed ${SEED})`,
  async () => {
    const { evaluation } = await prepareEvaluation(workspace.paths, {
      dataset: 'trial',
      split: 'all',
      kb: 'trial',
      limit: null,
      seed: 1314,
      baselines: true,
      concurrency: AT_ONCE,
      reuse: true,
      column: ['name=gold,llm=gold,context=gold,prompt=plain', 'name=found,llm=found,mode=bm25,top-k=1,prompt=plain'],
      metrics: ['token-f1', 'exact', 'cmrc-em', 'cmrc-f1', 'rouge-l', 'verbatim', 'hit@1', 'mrr@10'],
      primary: null,
      metricEmbedder: 'none',
    });
    const plan = { workspace, evaluation, rounds: ROUNDS, random: new Random(SEED), asked, total: 2 * ITEMS };
    const { job, killed, repeated } = await runThroughKills(plan);
    expect([job.state, job.reason]).toEqual(['succeeded', '']);
    expect(repeated).toEqual([]);
    const twice = asked.length - new Set(asked).size;
    console.log(`${JSON.stringify(killed)}; asked ${asked.length} for ${new Set(asked).size}`);
    expect([new Set(asked).size, twice <= AT_ONCE * (killed.worker + killed.supervisor)]).toEqual([2 * ITEMS, true]);

    const before = asked.length;
    const undisturbed = await launchJob(workspace.paths, { kind: 'evaluate', ...evaluation, reuse: false });
    expect((await waitForJob(workspace.paths, undisturbed.spec.id)).state).toBe('succeeded');
    // Questions to one passage come together, so that a server finds its beginning again; side by side, two may mix.
    const order = asked.slice(before).flatMap((one) => contextOf.get(one.replace(/^gold /, '')) ?? []);
    expect(order).toHaveLength(ITEMS);
    const changes = order.filter((context, at) => context !== order[at - 1]).length;
    expect(changes).toBeLessThan(2 * new Set(order).size);
    const [found, expected] = [tableOf(workspace.paths, job.spec.id), tableOf(workspace.paths, undisturbed.spec.id)];
    expect(found.items.map(([name, items]) => [name, items?.length])).toEqual(
      expected.items.map(([name]) => [name, ITEMS]),
    );
    expect(found).toEqual(expected);
  },
);
