// Does one thing for the screens that may take longer than a frame, and ends. Asked by IPC (`stores/child-task.ts`).
import { once } from 'node:events';
import { z } from 'zod';
import { datasetTaskSchema, runDatasetTask } from '../src/datasets/task.ts';
import { machineDevice } from '../src/engines/device.ts';
import { engineStatus } from '../src/engines/store.ts';
import { blameRun } from '../src/evaluation/blame/run.ts';
import { continueRun, pauseRun, retryFailed, setRunConcurrency } from '../src/evaluation/control.ts';
import { detectableBefore } from '../src/evaluation/detectable.ts';
import { compareColumns } from '../src/evaluation/diff.ts';
import { figuresPages, type RunFigures, runFigures } from '../src/evaluation/figures.ts';
import { sendItems } from '../src/evaluation/items/send.ts';
import { choiceSchema, voteStep } from '../src/evaluation/items/votes.ts';
import { prepareJudging } from '../src/evaluation/judge/afterwards.ts';
import { calibrateRun } from '../src/evaluation/judge/calibrate.ts';
import { loadOwnMetrics } from '../src/evaluation/own-metrics/load.ts';
import { FORMAT_NAMES } from '../src/evaluation/reports/names.ts';
import { writeRunReport } from '../src/evaluation/run-report.ts';
import { concurrencySchema, evaluationSchema } from '../src/evaluation/types.ts';
import { watchFleet } from '../src/fleet/watch.ts';
import { jobWorkSchema } from '../src/jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import { workspacePaths } from '../src/platform/paths.ts';
import { runServeTask, serveTaskSchema } from '../src/serving/task.ts';
import { baseFacts } from '../src/training/base-facts.ts';
import { exportCurves } from '../src/training/export-curves.ts';
import { isTrainingWork } from '../src/training/forecast/final-settings.ts';
import { measureTraining } from '../src/training/forecast/measure.ts';
import { slowFacts } from '../src/training/forecast/slow-facts.ts';
import { readCurves } from '../src/training/read-curves.ts';
import { trainingSchema } from '../src/training/types.ts';

const requestSchema = z.discriminatedUnion('task', [
  z.object({ task: z.literal('dataset'), work: datasetTaskSchema }),
  z.object({ task: z.literal('curves'), jobs: z.array(z.string()).min(1) }),
  z.object({ task: z.literal('forecast-facts'), kind: z.enum(['llm', 'embedder']), training: trainingSchema }),
  z.object({ task: z.literal('base-facts'), asked: trainingSchema.pick({ base: true, system: true, template: true }) }),
  z.object({ task: z.literal('measure'), work: jobWorkSchema }),
  z.object({ task: z.literal('own-metrics') }),
  z.object({ task: z.literal('figures'), run: z.string() }),
  z.object({ task: z.literal('blame'), run: z.string() }),
  z.object({ task: z.literal('send-items'), run: z.string(), items: z.array(z.string()), dataset: z.string() }),
  z.object({ task: z.literal('eval-diff'), a: z.string(), b: z.string() }),
  z.object({ task: z.literal('detectable'), work: evaluationSchema }),
  z.object({
    task: z.literal('eval-control'),
    run: z.string(),
    op: z.enum(['pause', 'continue', 'retry', 'concurrency']),
    value: concurrencySchema.optional(),
  }),
  z.object({
    task: z.literal('eval-vote'),
    run: z.string(),
    vote: z.object({ item: z.string(), choice: choiceSchema }).nullable(),
  }),
  z.object({ task: z.literal('calibrate'), run: z.string() }),
  z.object({ task: z.literal('judging'), run: z.string(), judge: z.string() }),
  z.object({ task: z.literal('report'), run: z.string(), format: z.enum(FORMAT_NAMES) }),
  z.object({ task: z.literal('serve'), work: serveTaskSchema }),
  z.object({ task: z.literal('fleet') }),
]);

const send = (message: object): Promise<void> =>
  new Promise((done) => (process.send ? process.send(message, () => done()) : done()));

process.once('message', (message) => void work(message));
/** Some work ends processes of its own first when it is told to stop. */
const stop = new AbortController();
let endsByItself = false;
process.once('SIGTERM', () => stop.abort());
process.once('disconnect', () => {
  stop.abort();
  if (!endsByItself) process.exit(1);
});

async function work(message: unknown): Promise<void> {
  try {
    const request = requestSchema.parse(message);
    await send({ result: await resultOf(request) });
  } catch (error) {
    const { code, message: text, hint } = toRagtuiError(error);
    await send({ error: { code, message: text, hint } });
  }
  process.exit(0);
}

/** Resolves when it has been taken. */
async function sendPart(part: unknown): Promise<void> {
  const taken = once(process, 'message');
  await send({ part });
  await taken;
}

/** Page by page, each when the one before was taken, so that no reader's turn is long; gives what remains. */
async function sendFigures(figures: RunFigures): Promise<RunFigures> {
  for (const part of figuresPages(figures)) await sendPart(part);
  return { report: figures.report, questions: [], passages: [] };
}

/** Until it is told to end. What is seen is sent one after the other. */
async function showFleet(): Promise<object> {
  let sent = Promise.resolve();
  await watchFleet(workspacePaths(), {
    signal: stop.signal,
    onSeen: (sighting) => {
      sent = sent.then(() => sendPart(sighting));
    },
  });
  return {};
}

async function controlRun({ run, op, value }: { run: string; op: string; value?: unknown }): Promise<object> {
  const paths = workspacePaths();
  if (op === 'pause') pauseRun(paths, run);
  else if (op === 'continue') continueRun(paths, run);
  else if (op === 'retry') await retryFailed(paths, run);
  else setRunConcurrency(paths, run, concurrencySchema.parse(value));
  return {};
}

async function resultOf(request: z.output<typeof requestSchema>): Promise<unknown> {
  const paths = workspacePaths();
  switch (request.task) {
    case 'curves': {
      const runs = await Promise.all(request.jobs.map((job) => readCurves(paths, job)));
      return { files: exportCurves(paths.exports, runs) };
    }
    case 'forecast-facts': {
      const engine = request.kind === 'llm' ? 'llamafactory' : 'flagembedding';
      const device = engineStatus(paths, engine).manifest?.device ?? machineDevice();
      return slowFacts(paths, { engine, training: request.training, device });
    }
    case 'base-facts':
      return baseFacts(paths, request.asked);
    case 'measure': {
      if (!isTrainingWork(request.work)) throw new RagtuiError('usage', 'Only a training is measured.');
      endsByItself = true;
      return measureTraining(paths, request.work, { signal: stop.signal });
    }
    case 'own-metrics': {
      const { metrics, problems } = await loadOwnMetrics(paths);
      return { metrics: metrics.map(({ about }) => about), problems };
    }
    case 'figures':
      return sendFigures(await runFigures(paths, request.run));
    case 'blame':
      return blameRun(paths, request.run, { signal: stop.signal });
    case 'send-items':
      return sendItems(paths, request.run, request.items, request.dataset);
    case 'eval-diff':
      return compareColumns(paths, [request.a, request.b], 'latest');
    case 'detectable':
      return detectableBefore(paths, request.work);
    case 'eval-control':
      return controlRun(request);
    case 'eval-vote':
      return voteStep(paths, request.run, { column: null, vote: request.vote });
    case 'calibrate':
      return calibrateRun(paths, request.run, { judge: null, signal: stop.signal });
    case 'judging':
      return prepareJudging(paths, request.run, {
        judge: request.judge,
        metrics: null,
        metricEmbedder: null,
        limit: null,
        concurrency: 'auto',
      });
    case 'report':
      return { file: await writeRunReport(paths, request.run, request.format) };
    case 'serve':
      return runServeTask(paths, request.work);
    case 'fleet':
      endsByItself = true;
      return showFleet();
    case 'dataset':
      return runDatasetTask(paths, request.work, (progress) => void send({ progress }));
  }
}
