import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { importDataset } from '../../src/datasets/import.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { wells } from '../support/evaluations.ts';
import { TestWorkspace } from '../support/workspace.ts';
import { addLatencyServer, type LatencyServer, startLatencyServer } from './latency-server.ts';
import { cpuSeconds } from './machine.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const AT_ONCE = [1, 8, 32, 128];
const LATENCY_MS = 200;
/** What a run of Chinese answers has of itself, but for the one that needs an embedder: that is another process. */
const METRICS = [
  ...['token-f1', 'exact', 'verbatim', 'contains', 'rouge-l', 'no-answer', 'origin-tutorial'],
  ...['cmrc-em', 'cmrc-f1'],
];
const DATASET = 'questions';
/** Of CMRC's 1,002 trial questions two are empty. */
const ITEMS = 1000;
/** Answers before the processor's time counts: the code is warm then. */
const WARM = 200;

export const evaluation: Benchmark = {
  name: 'eval',
  about: `an evaluation against a server of known latency: processor per item, items/s against concurrency ÷ ${LATENCY_MS} ms`,
  async run(context) {
    const server = await startLatencyServer(answerOf);
    context.defer(() => server.close());
    const workspace = new TestWorkspace();
    context.defer(() => workspace.remove());
    await addLatencyServer(workspace.paths, 'known', server);
    await addQuestions(context, workspace);
    const rows: BenchRow[] = [];
    for (const atOnce of AT_ONCE) rows.push(await overheadRow(context, workspace, server, atOnce));
    for (const atOnce of AT_ONCE) rows.push(await speedRow(context, workspace, server, atOnce));
    return rows;
  },
};

/** Twelve characters of the prompt's end: an answer that scores neither all nor nothing. */
const answerOf = (prompt: string): string => prompt.slice(-60, -48);

async function addQuestions({ data, scratch }: BenchContext, { paths }: TestWorkspace): Promise<void> {
  const published = data && path.join(data, 'cmrc2018', 'cmrc2018_trial.json');
  if (published && existsSync(published)) {
    await importDataset(paths, published, { name: DATASET });
    return;
  }
  const file = path.join(scratch, 'wells.json');
  writeFileSync(file, JSON.stringify(wells(ITEMS)));
  await importDataset(paths, file, { format: 'squad', name: DATASET });
}

/** Processor time of the run's worker per answer, in ms, once it is warm; all its threads. */
async function overheadRow(
  context: BenchContext,
  workspace: TestWorkspace,
  server: LatencyServer,
  atOnce: number,
): Promise<BenchRow> {
  const items = context.quick ? 500 : ITEMS;
  context.log(`${items} questions, ${atOnce} at once, answered at once`);
  server.begin(0);
  const { job } = await launched(workspace, atOnce, items);
  await server.after(WARM);
  const pid = readJsonFile(jobFiles(job.folder).worker, identityFileSchema)?.pid;
  if (pid === undefined) throw new Error('The run has no worker.');
  const [cpu, at, began] = [cpuSeconds(pid), server.ended.length, performance.now()];
  await server.after(items - atOnce);
  const [used, answered] = [cpuSeconds(pid) - cpu, server.ended.length - at];
  const rate = (1000 * answered) / (performance.now() - began);
  await succeeded(workspace, job.spec.id);
  return {
    measure: `processor per item, ${atOnce} at once`,
    value: (1000 * used) / answered,
    unit: 'ms',
    budget: { most: 2 },
    note: `${METRICS.length} metrics, the worker with all its threads, over ${answered} items; ${rate.toFixed(0)} items/s`,
  };
}

/** What it reaches against the server's latency, over whole rounds of all that are asked at once. */
async function speedRow(
  context: BenchContext,
  workspace: TestWorkspace,
  server: LatencyServer,
  atOnce: number,
): Promise<BenchRow> {
  const rounds = Math.min(context.quick ? 10 : 30, Math.floor(ITEMS / atOnce));
  context.log(`${atOnce * rounds} questions, ${atOnce} at once, ${LATENCY_MS} ms each`);
  server.begin(LATENCY_MS);
  const { job } = await launched(workspace, atOnce, atOnce * rounds);
  await succeeded(workspace, job.spec.id);
  const rate = reached(server, atOnce, rounds);
  return {
    measure: `items/s, ${atOnce} at once`,
    value: rate,
    unit: 'items/s',
    ratio: rate / ((1000 * atOnce) / LATENCY_MS),
    note: `the server's limit: ${(1000 * atOnce) / LATENCY_MS}`,
  };
}

/** Answers a second, from the end of the first round to that of the last. */
function reached({ ended }: LatencyServer, atOnce: number, rounds: number): number {
  const [from, to] = [ended[atOnce - 1] ?? Number.NaN, ended[atOnce * rounds - 1] ?? Number.NaN];
  return (1000 * atOnce * (rounds - 1)) / (to - from);
}

async function launched({ paths }: TestWorkspace, concurrency: number, limit: number) {
  const { evaluation } = await prepareEvaluation(paths, {
    dataset: DATASET,
    split: 'all',
    kb: null,
    limit,
    seed: 1314,
    baselines: false,
    concurrency,
    reuse: false,
    column: ['name=known,llm=known,context=gold'],
    metrics: METRICS,
    primary: null,
    metricEmbedder: 'none',
  });
  const job = await launchJob(paths, { kind: 'evaluate', ...evaluation });
  return { job };
}

async function succeeded({ paths }: TestWorkspace, id: string): Promise<void> {
  const { state, reason } = await waitForJob(paths, id);
  if (state !== 'succeeded') throw new Error(`The run is ${state}: ${reason}`);
}
