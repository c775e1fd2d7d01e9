import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { engineEnvironment } from '../engines/definitions.ts';
import { engineStatus, installedEngine } from '../engines/store.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { fileOf, installedModel } from '../models/store.ts';
import type { EmbedderBaseEntry } from '../models/types.ts';
import { pythonScript } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { CheckpointWatch } from './checkpoints.ts';
import { PRIMARY } from './curves.ts';
import { findEmbedderBase } from './embedder-base.ts';
import { embedderSettings, instructionOf, trainerArguments } from './embedder-config.ts';
import { prepareHeldOut, prepareRows } from './embedder-data.ts';
import type { WrittenRows } from './embedder-rows.ts';
import { bestOf, type Evaluation, EvaluationFeed, numbersText } from './evaluations.ts';
import { type ExportedEmbedder, exportBase, exportEmbedder } from './export-embedder.ts';
import { type ExportTools, localTools } from './export-tools.ts';
import { FailureWatch } from './failures/report.ts';
import { farTools } from './far-export.ts';
import { RememberedRun } from './forecast/remember-run.ts';
import { lossOf, MetricFeed } from './metrics.ts';
import { openTrainingData } from './open-data.ts';
import { parityTexts } from './parity-texts.ts';
import { phase } from './phase.ts';
import type { TrainingPlace } from './place.ts';
import { placeOf } from './place-of.ts';
import { copyScripts } from './script.ts';
import { tellDone } from './tell-done.ts';
import { askedOf, type Begun, beginTuned, stepOf, type TunedFolder } from './tuned.ts';
import { settingSchema } from './types.ts';

type Context = JobContext<'train-embedder'>;

/** The body of a `train-embedder` job: FlagEmbedding run to its end, base and tuned exported alike and registered. */
export async function trainEmbedder(context: Context): Promise<void> {
  const { work, paths, report, signal } = context;
  const place = await placeOf(context, 'flagembedding');
  const base = findEmbedderBase(paths, work.base);
  const basePath = path.dirname(fileOf(installedModel(paths, base.id), 'model.safetensors'));
  const begun = beginTuned(paths, askedOf('train-embedder', work));
  report.progress(phase('preparing the rows'));
  const rows = await prepareRows(context, base, path.join(place.workFolder, 'data'));
  if (!begun.trained) await train(context, { place, base, basePath, rows, begun });
  else tellDone(report, begun.folder);
  if (signal.aborted) return;
  const tools = toolsOf(context, place, begun.folder);
  try {
    await exportBoth(context, tools, { place, base, rows, begun });
  } finally {
    await tools.close();
  }
  if (!signal.aborted) rmSync(begun.folder.cache, { recursive: true, force: true });
  const { steps } = readTrained(begun);
  report.progress({ ...phase('done'), done: steps, total: steps });
}

interface TrainInput {
  readonly place: TrainingPlace;
  readonly base: EmbedderBaseEntry;
  readonly basePath: string;
  readonly rows: WrittenRows;
  readonly begun: Begun;
}

const numbersSchema = z.record(z.string(), z.number());
/** What is known when the engine has come to its end; a job that goes on from there reads it. */
const trainedSchema = z.object({
  /** Of the weights that are kept, and of how many. */
  step: z.number(),
  steps: z.number(),
  /** Those of the best step, not the last ones. */
  best: z.boolean(),
  settings: z.record(z.string(), z.union([settingSchema, z.array(z.number())])),
  loss: z.array(z.object({ step: z.number(), value: z.number() })),
  evaluations: z.array(z.object({ step: z.number(), values: numbersSchema })),
  heldOut: z
    .object({
      part: z.string(),
      queries: z.number(),
      passages: z.number(),
      of: z.object({ queries: z.number(), passages: z.number() }),
      leaks: z.object({ questions: z.number(), passages: z.number() }),
    })
    .nullable(),
});
type Trained = z.infer<typeof trainedSchema>;
const readTrained = ({ folder }: Begun): Trained =>
  trainedSchema.parse(JSON.parse(readFileSync(folder.trained, 'utf8')));

async function train(context: Context, input: TrainInput): Promise<void> {
  const { work, folder, report, signal } = context;
  const { place } = input;
  const { folder: tuned, checkpoint } = input.begun;
  const there = await place.place(input.basePath, tuned);
  const heldOut = await prepareHeldOut(context, input.rows.file);
  if (checkpoint) report.log('info', `Going on from ${path.basename(checkpoint)}`);
  const settings = embedderSettings(work, {
    basePath: there.base,
    base: input.base.embedder,
    trainFile: `${there.work}/data/${path.basename(input.rows.file)}`,
    outputFolder: there.output,
    ...(checkpoint === undefined ? {} : { checkpoint: `${there.output}/${path.basename(checkpoint)}` }),
  });
  const files = jobFiles(folder);
  const numbers = path.join(tuned.train, 'trainer_log.jsonl');
  const resumedAt = stepOf(checkpoint ?? '-0');
  const feed = new MetricFeed(report, {
    rows: numbers,
    resumedAt,
    sessions: path.join(tuned.root, 'sessions.jsonl'),
  });
  const checkpoints = new CheckpointWatch(report, tuned.train);
  const evaluations = new EvaluationFeed(report, numbers, resumedAt);
  const keepBest = work.embedder?.keep === 'best';
  writeJsonAtomic(path.join(place.workFolder, OURS), {
    numbers: `${there.output}/${path.basename(numbers)}`,
    heldOut: heldOut ? `${there.work}/data/${path.basename(heldOut.file)}` : null,
    best: keepBest ? `${there.output}/${BEST}` : null,
  });
  checkpoints.look(true);
  report.progress(phase('starting FlagEmbedding'));
  const watch = new RememberedRun(numbers, resumedAt);
  const failures = new FailureWatch(context, 'FlagEmbedding');
  const { name, python, device } = place.engine;
  const here = place.host === '';
  const run = {
    program: python,
    args: trainerArguments(`${there.work}/${OURS}`, settings, place, trainerScript(place, there.work)),
    cwd: place.workFolder,
    env: here ? { ...engineEnvironment(name, device), HF_HOME: tuned.cache } : engineEnvironment(name, device, {}),
    stdout: files.stdout,
    stderr: files.stderr,
    signal,
    ...(place.nodes > 1 ? { depth: 1 } : {}),
    onStart: (pid: number) => watch.started(pid),
    onLook: () => {
      feed.look();
      watch.look();
      checkpoints.look();
      evaluations.look();
    },
    onAgain: (step: number) => {
      feed.again(step);
      evaluations.again(step);
    },
    onLog: (text: string) => report.log('info', text),
  };
  const exit = await place.run(run, tuned);
  checkpoints.look(true);
  if (signal.aborted) return;
  await failures.throwIfFailed(exit, feed.last);
  // What another machine takes for a step says nothing of this one.
  if (here) await watch.remember(context.paths, work);
  if (!existsSync(path.join(tuned.train, 'model.safetensors'))) {
    throw new RagtuiError('unavailable', 'FlagEmbedding ended well but left no weights.', `See ${files.stderr}.`);
  }
  if (feed.last.step === 0 && !checkpoint) {
    throw new RagtuiError(
      'invalid',
      'FlagEmbedding ended without a single step: there are fewer rows than one batch.',
      'Take more rows, or --set per_device_train_batch_size=2.',
    );
  }
  // Resumed after its last step, the engine has nothing more to say.
  const steps = feed.last.step || resumedAt;
  tellBest(report, evaluations.all);
  const kept = keepBest ? savedBest(tuned) : undefined;
  if (kept !== undefined) report.log('info', `Kept: the weights of step ${kept} of ${steps}`);
  const { file: _, ...searched } = heldOut ?? { file: '' };
  const trained = {
    step: kept ?? steps,
    steps,
    best: kept !== undefined,
    settings,
    loss: lossOf(numbers),
    evaluations: evaluations.all,
    heldOut: heldOut ? searched : null,
  };
  writeJsonAtomic(tuned.trained, trained);
}

const OURS = 'embedder.json';

/** Our script as the engine finds it: another machine gets it with the data. */
function trainerScript({ host, workFolder }: TrainingPlace, work: string): string {
  if (host === '') return pythonScript('train_embedder');
  copyScripts(workFolder, 'train_embedder');
  return `${work}/train_embedder.py`;
}

/** In the engine's folder: the weights that found the held-out rows best. */
const BEST = 'best';
const bestFolder = ({ train: folder }: TunedFolder): string => path.join(folder, BEST);
const bestSchema = z.object({ step: z.number().int().positive() });

/** The step of the best weights that were kept. */
function savedBest(tuned: TunedFolder): number | undefined {
  const file = path.join(bestFolder(tuned), 'step.json');
  return existsSync(file) ? bestSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).step : undefined;
}

function tellBest(report: Context['report'], all: readonly Evaluation[]): void {
  const best = bestOf(all);
  if (!best) return;
  const base = all.find(({ step }) => step === 0);
  report.log('info', `Best by MRR@10: step ${best.step} (${numbersText(best.values)})`);
  if (base && (base.values[PRIMARY] ?? 0) >= (best.values[PRIMARY] ?? 0)) {
    report.log('warn', 'At no step were the held-out rows found better than by the base');
  }
}

/** By the engine of this machine where there is one, else by the one that trained it; compared by our own runtime here. */
function toolsOf(context: Context, place: TrainingPlace, tuned: TunedFolder): ExportTools {
  const here = engineStatus(context.paths, 'flagembedding').manifest !== null;
  if (!here && place.host !== '') return farTools(context, place, tuned);
  return localTools(installedEngine(context.paths, 'flagembedding'), path.join(context.folder, 'export.json'));
}

async function exportBoth(
  { work, paths, report, signal, spec }: Context,
  tools: ExportTools,
  { place: { engine }, base, rows, begun }: Omit<TrainInput, 'basePath'>,
): Promise<void> {
  const texts = parityTexts(rows.file, base.embedder.maxTokens);
  const options = { signal };
  const tell = (what: string, made: ExportedEmbedder, other = 'torch') => {
    const { min, mean, texts: count } = made.parity;
    report.log(
      'info',
      `${what} exported to ONNX: cosine with ${other} at least ${min.toFixed(6)}, on average ${mean.toFixed(6)}, on ${count} texts`,
    );
    report.artifact(made.name, made.folder, { kind: 'embedder', ...made });
  };
  report.progress(phase('exporting the base'));
  const exported = await exportBase(paths, tools, { base, texts }, options);
  if (exported) tell('base', exported);
  report.progress(phase('exporting the tuned embedder'));
  const { manifest } = openTrainingData(paths, work);
  const trained = readTrained(begun);
  const { step, best } = trained;
  const { int8, ...tuned } = await exportEmbedder(
    paths,
    tools,
    {
      name: work.name,
      base,
      config: {
        ...base.embedder,
        queryInstruction: instructionOf(work, base.embedder),
        // Who serves it may cut its vectors to these.
        ...(work.embedder?.matryoshka ? { matryoshka: work.embedder.matryoshka } : {}),
      },
      source: best ? bestFolder(begun.folder) : begun.folder.train,
      target: begun.folder.result,
      texts,
      lineage: {
        job: spec.id,
        dataset: manifest.name,
        datasetVersion: manifest.version,
        split: work.split,
        steps: step,
        engine: `flagembedding ${engine.versions['flagembedding'] ?? ''}`.trim(),
      },
      facts: { ...trained, work, job: spec.id, data: manifest, rows, versions: engine.versions, device: engine.device },
      ...(work.embedder?.int8 ? { int8: path.join(begun.folder.root, 'int8') } : {}),
    },
    options,
  );
  tell('tuned', tuned);
  if (int8) tell('int8', int8, 'float32');
}
