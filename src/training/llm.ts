import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { exportLlamaFactory } from '../datasets/exporters/llamafactory.ts';
import { SFT_SYSTEM } from '../datasets/render.ts';
import { engineEnvironment } from '../engines/definitions.ts';
import { type InstalledEngine, installedEngine } from '../engines/store.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { addAdapter } from '../models/own.ts';
import { RagtuiError } from '../platform/errors.ts';
import { endOfFile } from '../platform/file-end.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { type TransformersBase, transformersBase } from './base-llm.ts';
import { runEngine } from './engine-process.ts';
import { trainingFault } from './failures.ts';
import { keepFiles } from './keep-files.ts';
import { limitRows } from './limit-rows.ts';
import { llmSettings } from './llm-config.ts';
import { templateOf } from './llm-plan.ts';
import { MetricFeed } from './metrics.ts';
import { openTrainingData, part } from './open-data.ts';
import { askedOf, type Begun, beginTuned, stepOf } from './tuned.ts';
import { writeFileAtomic } from './write-file.ts';
import { toYaml } from './yaml.ts';

type Context = JobContext<'train-llm'>;

/** Relative to the job's folder: LLaMA-Factory's launcher cuts its command line at spaces. */
const YAML = 'train.yaml';

/** The body of a `train-llm` job: base and data made ready, LLaMA-Factory run to its end, the adapter registered. */
export async function trainLlm(context: Context): Promise<void> {
  const { work, paths, report, signal } = context;
  const engine = installedEngine(paths, 'llamafactory');
  const begun = beginTuned(paths, askedOf('train-llm', work));
  report.progress(phase('preparing the base'));
  const base = await transformersBase(paths, work.base, engine, { signal, onLog: (text) => report.log('info', text) });
  if (!begun.trained) await train(context, engine, base, begun);
  if (signal.aborted) return;
  await register(context, engine, base, begun);
  rmSync(begun.folder.cache, { recursive: true, force: true });
}

async function train(
  { work, paths, folder, report, signal }: Context,
  engine: InstalledEngine,
  base: TransformersBase,
  { folder: tuned, checkpoint }: Begun,
): Promise<void> {
  const data = path.join(folder, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const exported = await exportLlamaFactory(openTrainingData(paths, work), part(work.split), data);
  const rows = limitRows(exported.rowsFile, work.limit);
  report.log(
    'info',
    `${rows} rows of ${work.dataset} (${work.split})${checkpoint ? `, going on from ${path.basename(checkpoint)}` : ''}`,
  );
  const settings = llmSettings(work, {
    basePath: base.folder,
    template: templateOf(work.base),
    datasetName: exported.dataset,
    datasetFolder: data,
    outputFolder: tuned.train,
  });
  writeFileAtomic(path.join(folder, YAML), toYaml(settings));

  report.progress(phase('starting LLaMA-Factory'));
  const files = jobFiles(folder);
  const feed = new MetricFeed(report, {
    rows: path.join(tuned.train, 'trainer_log.jsonl'),
    resumedAt: stepOf(checkpoint ?? '-0'),
    printed: { file: files.stdout, from: sizeOf(files.stdout), kept: path.join(tuned.root, 'grad-norms.jsonl') },
  });
  const exit = await runEngine({
    program: engine.python,
    args: ['-m', 'llamafactory.cli', 'train', YAML],
    cwd: folder,
    env: { ...engineEnvironment('llamafactory', engine.device), HF_HOME: tuned.cache },
    stdout: files.stdout,
    stderr: files.stderr,
    signal,
    onLook: () => feed.look(),
    onLog: (text) => report.log('info', text),
  });
  if (signal.aborted) return;
  if (exit.code !== 0) throw trainingFault('LLaMA-Factory', exit, endOfFile(files.stderr));
  if (!existsSync(path.join(tuned.train, 'adapter_model.safetensors'))) {
    throw new RagtuiError('unavailable', 'LLaMA-Factory ended well but left no adapter.', `See ${files.stdout}.`);
  }
  writeJsonAtomic(tuned.trained, { steps: feed.last.step, totalSteps: feed.last.totalSteps, rows });
}

const adapterConfigSchema = z.looseObject({ r: z.number().int(), lora_alpha: z.number() });
const trainedSchema = z.object({ steps: z.number(), totalSteps: z.number(), rows: z.number() });

async function register(
  { work, paths, report, signal, spec }: Context,
  engine: InstalledEngine,
  base: TransformersBase,
  { folder: tuned }: Begun,
): Promise<void> {
  await keepFiles(tuned.train, tuned.result, ['adapter_model.safetensors', 'adapter_config.json']);
  const config = adapterConfigSchema.parse(
    JSON.parse(readFileSync(path.join(tuned.result, 'adapter_config.json'), 'utf8')),
  );
  const { steps, rows } = trainedSchema.parse(JSON.parse(readFileSync(tuned.trained, 'utf8')));
  const manifest = openTrainingData(paths, work).manifest;
  const adapter = await addAdapter(
    paths,
    {
      name: work.name,
      base: work.base,
      path: tuned.result,
      basePath: base.folder,
      rank: config.r,
      alpha: config.lora_alpha,
      template: templateOf(work.base),
      templateSystem: SFT_SYSTEM,
      lineage: {
        job: spec.id,
        dataset: manifest.name,
        datasetVersion: manifest.version,
        split: work.split,
        rows,
        steps,
        baseWeights: base.weights,
        baseRecipe: base.recipe,
        engine: `llamafactory ${engine.versions['llamafactory'] ?? ''}`.trim(),
        torch: engine.versions['torch'] ?? '',
      },
    },
    signal,
  );
  report.artifact(work.name, tuned.result, { kind: 'adapter', ...adapter });
}

const phase = (text: string) => ({ phase: text, done: 0, total: 0, unit: 'steps', rate: null, secondsLeft: null });
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
