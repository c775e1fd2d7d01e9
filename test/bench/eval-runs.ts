import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { importDataset } from '../../src/datasets/import.ts';
import { openQaDataset } from '../../src/datasets/open.ts';
import { prepareEvaluation } from '../../src/evaluation/prepare.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { wells } from '../support/evaluations.ts';
import { TestWorkspace } from '../support/workspace.ts';
import { addLatencyServer, type LatencyServer, startLatencyServer } from './latency-server.ts';
import type { PromptfooQuestion } from './promptfoo.ts';
import type { BenchContext } from './types.ts';

/** Of CMRC's 1,002 trial questions two are empty. */
export const ITEMS = 1000;
/** What a run of Chinese answers has of itself, but for the one that needs an embedder: that is another process. */
export const METRICS = [
  ...['token-f1', 'exact', 'verbatim', 'contains', 'rouge-l', 'no-answer', 'origin-tutorial'],
  ...['cmrc-em', 'cmrc-f1'],
];
const DATASET = 'questions';

/** A workspace with the questions, and the server that they are put to. */
export interface Bench {
  readonly context: BenchContext;
  readonly workspace: TestWorkspace;
  readonly server: LatencyServer;
  readonly questions: readonly PromptfooQuestion[];
}

export async function startBench(context: BenchContext): Promise<Bench> {
  const server = await startLatencyServer(answerOf);
  context.defer(() => server.close());
  const workspace = new TestWorkspace();
  context.defer(() => workspace.remove());
  await addLatencyServer(workspace.paths, 'known', server);
  await addQuestions(context, workspace);
  return { context, workspace, server, questions: await questionsOf(workspace) };
}

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

async function questionsOf({ paths }: TestWorkspace): Promise<PromptfooQuestion[]> {
  const all: PromptfooQuestion[] = [];
  for await (const { context, question, answers } of openQaDataset(paths, DATASET).rows()) {
    if (question.trim() !== '') all.push({ context, question, answer: answers[0] ?? '' });
  }
  return all;
}

/** A run of so many questions, so many at once. */
export async function launched({ paths }: TestWorkspace, concurrency: number, limit: number) {
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

/** Waits for its end; an error unless it is a good one. */
export async function succeeded({ paths }: TestWorkspace, id: string): Promise<void> {
  const { state, reason } = await waitForJob(paths, id);
  if (state !== 'succeeded') throw new Error(`The run is ${state}: ${reason}`);
}
