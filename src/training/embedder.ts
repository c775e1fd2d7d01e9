import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { exportFlagEmbedding } from '../datasets/exporters/flagembedding.ts';
import { retrievalRowSchema } from '../datasets/types.ts';
import { engineEnvironment } from '../engines/definitions.ts';
import { type InstalledEngine, installedEngine } from '../engines/store.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { fileOf, installedModel } from '../models/store.ts';
import type { EmbedderBaseEntry } from '../models/types.ts';
import { pythonScript } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import { endOfFile } from '../platform/file-end.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { CheckpointWatch } from './checkpoints.ts';
import { findEmbedderBase } from './embedder-base.ts';
import { embedderSettings, toFlags } from './embedder-config.ts';
import { runEngine } from './engine-process.ts';
import { type ExportedEmbedder, exportBase, exportEmbedder } from './export-embedder.ts';
import { trainingFault } from './failures.ts';
import { limitRows } from './limit-rows.ts';
import { MetricFeed } from './metrics.ts';
import { openTrainingData, part } from './open-data.ts';
import { askedOf, type Begun, beginTuned, stepOf } from './tuned.ts';

type Context = JobContext<'train-embedder'>;

/** Ten random wrong passages a row; the engine draws its group from them. */
const NEGATIVES = 10;
/** Rows whose query and passage are compared between torch and our runtime. */
const PARITY_ROWS = 32;

/** The body of a `train-embedder` job: FlagEmbedding run to its end, base and tuned exported alike and registered. */
export async function trainEmbedder(context: Context): Promise<void> {
  const { work, paths, report, signal } = context;
  const engine = installedEngine(paths, 'flagembedding');
  const base = findEmbedderBase(paths, work.base);
  const basePath = path.dirname(fileOf(installedModel(paths, base.id), 'model.safetensors'));
  const begun = beginTuned(paths, askedOf('train-embedder', work));
  const rowsFile = await prepareRows(context);
  if (!begun.trained) await train(context, engine, { base, basePath, rowsFile, begun });
  if (signal.aborted) return;
  await exportBoth(context, engine, { base, rowsFile, begun });
  if (!signal.aborted) rmSync(begun.folder.cache, { recursive: true, force: true });
  report.progress(phase('done'));
}

async function prepareRows({ work, paths, folder, report }: Context): Promise<string> {
  report.progress(phase('preparing the rows'));
  const data = path.join(folder, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const exported = await exportFlagEmbedding(openTrainingData(paths, work), part(work.split), data, {
    negatives: NEGATIVES,
    seed: work.seed,
  });
  const rows = limitRows(exported.file, work.limit);
  report.log('info', `${rows} rows of ${work.dataset} (${work.split}), ${NEGATIVES} negatives each`);
  return exported.file;
}

interface TrainInput {
  readonly base: EmbedderBaseEntry;
  readonly basePath: string;
  readonly rowsFile: string;
  readonly begun: Begun;
}

async function train(context: Context, engine: InstalledEngine, input: TrainInput): Promise<void> {
  const { work, folder, report, signal } = context;
  const { folder: tuned, checkpoint } = input.begun;
  if (checkpoint) report.log('info', `Going on from ${path.basename(checkpoint)}`);
  const settings = embedderSettings(work, {
    basePath: input.basePath,
    base: input.base.embedder,
    trainFile: input.rowsFile,
    outputFolder: tuned.train,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  const files = jobFiles(folder);
  const numbers = path.join(tuned.train, 'trainer_log.jsonl');
  const feed = new MetricFeed(report, {
    rows: numbers,
    resumedAt: stepOf(checkpoint ?? '-0'),
    sessions: path.join(tuned.root, 'sessions.jsonl'),
  });
  const checkpoints = new CheckpointWatch(report, tuned.train);
  report.progress(phase('starting FlagEmbedding'));
  const exit = await runEngine({
    program: engine.python,
    args: [pythonScript('train_embedder'), numbers, ...toFlags(settings)],
    cwd: folder,
    env: { ...engineEnvironment('flagembedding', engine.device), HF_HOME: tuned.cache },
    stdout: files.stdout,
    stderr: files.stderr,
    signal,
    onLook: () => {
      feed.look();
      checkpoints.look();
    },
    onLog: (text) => report.log('info', text),
  });
  if (signal.aborted) return;
  if (exit.code !== 0) throw trainingFault('FlagEmbedding', exit, endOfFile(files.stderr));
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
  const steps = feed.last.step || stepOf(checkpoint ?? '-0');
  writeJsonAtomic(tuned.trained, { steps, totalSteps: feed.last.totalSteps || steps });
}

const trainedSchema = z.object({ steps: z.number(), totalSteps: z.number() });

async function exportBoth(
  { work, paths, folder, report, signal, spec }: Context,
  engine: InstalledEngine,
  { base, rowsFile, begun }: { base: EmbedderBaseEntry; rowsFile: string; begun: Begun },
): Promise<void> {
  const texts = parityTexts(rowsFile);
  const scratch = path.join(folder, 'export.json');
  const options = { signal };
  const tell = (what: string, made: ExportedEmbedder) => {
    const { min, texts: count } = made.parity;
    report.log('info', `${what} exported to ONNX: cosine with torch at least ${min.toFixed(6)} on ${count} texts`);
    report.artifact(made.name, made.folder, { kind: 'embedder', ...made });
  };
  report.progress(phase('exporting the base'));
  const exported = await exportBase(paths, engine, { base, scratch, texts }, options);
  if (exported) tell('base', exported);
  report.progress(phase('exporting the tuned embedder'));
  const manifest = openTrainingData(paths, work).manifest;
  const { steps } = trainedSchema.parse(JSON.parse(readFileSync(begun.folder.trained, 'utf8')));
  const tuned = await exportEmbedder(
    paths,
    engine,
    {
      name: work.name,
      base,
      source: begun.folder.train,
      target: begun.folder.result,
      scratch,
      texts,
      lineage: {
        job: spec.id,
        dataset: manifest.name,
        datasetVersion: manifest.version,
        split: work.split,
        steps,
        engine: `flagembedding ${engine.versions['flagembedding'] ?? ''}`.trim(),
      },
    },
    options,
  );
  tell('tuned', tuned);
}

/** Queries and passages of the first rows, each once. */
function parityTexts(rowsFile: string): string[] {
  const rows = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean).slice(0, PARITY_ROWS);
  const texts = rows.flatMap((line) => {
    const { query, pos } = retrievalRowSchema.parse(JSON.parse(line));
    return [query, ...pos.slice(0, 1)];
  });
  return [...new Set(texts)];
}

const phase = (text: string) => ({ phase: text, done: 0, total: 0, unit: 'steps', rate: null, secondsLeft: null });
