import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { exportLlamaFactory } from '../../datasets/exporters/llamafactory.ts';
import { engineEnvironment } from '../../engines/definitions.ts';
import { type InstalledEngine, installedEngine } from '../../engines/store.ts';
import { fileOf, installedModel } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { endOfFile } from '../../platform/file-end.ts';
import { throwIfAborted, writeJsonAtomic, writeTextAtomic } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { cpuHasBfloat16 } from '../../serving/vllm/machine.ts';
import { transformersBase } from '../base-llm.ts';
import { findEmbedderBase } from '../embedder-base.ts';
import { embedderPreset, embedderSettings, instructionOf, trainerArguments } from '../embedder-config.ts';
import { writeEmbedderRows } from '../embedder-rows.ts';
import { runEngine } from '../engine-process.ts';
import { trainingFault } from '../failures/fault.ts';
import { llmSettings } from '../llm-config.ts';
import { templateFor } from '../llm-plan.ts';
import { openTrainingData, part } from '../open-data.ts';
import { prepareRows } from '../training-rows.ts';
import type { Setting } from '../types.ts';
import { toYaml } from '../yaml.ts';
import type { TrainingWork } from './final-settings.ts';
import { rememberRun } from './remember-run.ts';
import { RunWatch } from './run-watch.ts';
import type { MeasuredPace } from './types.ts';

export interface MeasureOptions {
  readonly signal?: AbortSignal;
  readonly onLog?: (text: string) => void;
}

/** Steps that are run; the first is left out. More where they are quick. */
const STEPS = { cpu: 4, cuda: 12 } as const;
/** Rows are looked at so often, so that a quick step is not lost in between. */
const LOOK_MS = 50;

/**
 * Runs a few steps of the very training in a folder of its own, deletes it, and remembers what a step took and the
 * highest memory for this machine, base and way of training. Nothing is saved, evaluated or registered. The batch stays,
 * an accumulation is left out (its parts are what is measured). Errors: those of the engine, `unavailable`, `cancelled`.
 */
export async function measureTraining(
  paths: WorkspacePaths,
  work: TrainingWork,
  options: MeasureOptions = {},
): Promise<MeasuredPace> {
  const engine = installedEngine(paths, work.kind === 'train-llm' ? 'llamafactory' : 'flagembedding');
  const steps = STEPS[engine.device];
  const own = { max_steps: steps, gradient_accumulation_steps: 1, logging_steps: 1, save_strategy: 'no' };
  const llm = work.kind === 'train-llm' ? { eval_strategy: 'no', val_size: 0 } : {};
  const measured: TrainingWork = { ...work, settings: { ...work.settings, ...own, ...llm } };
  const root = path.join(paths.home, 'measuring');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(path.join(root, 'run-'));
  try {
    const prepared =
      measured.kind === 'train-llm'
        ? await prepareLlm(paths, measured, engine, folder, options)
        : await prepareEmbedder(paths, measured, folder);
    throwIfAborted(options.signal);
    options.onLog?.(`Running ${steps} steps to measure them`);
    const watch = new RunWatch(prepared.rows);
    await run(engine, folder, prepared.args, watch, options);
    const seen = watch.pace();
    if (!seen)
      throw new RagtuiError('unavailable', 'The engine ended before two steps could be measured.', 'Take more rows.');
    const pace = await rememberRun(paths, measured, 'micro-run', seen);
    if (pace) return pace;
    throw new RagtuiError(
      'unavailable',
      'Tokens of a step are not known, so it cannot be compared.',
      'Pull the base first.',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Prepared {
  readonly args: readonly string[];
  /** The engine's file of numbers. */
  readonly rows: string;
}

/** Enough rows for every step, and as many again, since some are dropped. */
function rowsFor({ settings, limit }: TrainingWork, preset: Readonly<Record<string, Setting>>): number {
  const micro = Number(settings['per_device_train_batch_size'] ?? preset['per_device_train_batch_size'] ?? 8);
  return Math.min(limit ?? Number.POSITIVE_INFINITY, 2 * STEPS.cuda * micro);
}

async function prepareLlm(
  paths: WorkspacePaths,
  work: Extract<TrainingWork, { kind: 'train-llm' }>,
  engine: InstalledEngine,
  folder: string,
  options: MeasureOptions,
): Promise<Prepared> {
  const base = await transformersBase(paths, work.base, () => engine, {
    ...options,
    float32: engine.device === 'cpu' && !cpuHasBfloat16(),
  });
  const template = templateFor(paths, work);
  const data = path.join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const exported = await exportLlamaFactory(openTrainingData(paths, work), part(work.split), data, work.system);
  const output = path.join(folder, 'train');
  const settings = llmSettings(work, {
    basePath: base.folder,
    template: template?.name ?? work.template ?? '',
    datasetName: exported.dataset,
    datasetFolder: data,
    outputFolder: output,
  });
  prepareRows(exported.rowsFile, { trim: template?.trims ?? false, limit: rowsFor(work, settings) });
  writeTextAtomic(path.join(folder, 'train.yaml'), toYaml(settings));
  return {
    args: ['-m', 'llamafactory.cli', 'train', 'train.yaml'],
    rows: path.join(output, 'trainer_log.jsonl'),
  };
}

async function prepareEmbedder(
  paths: WorkspacePaths,
  work: Extract<TrainingWork, { kind: 'train-embedder' }>,
  folder: string,
): Promise<Prepared> {
  const base = findEmbedderBase(paths, work.base);
  const data = path.join(folder, 'data');
  const output = path.join(folder, 'train');
  for (const one of [data, output]) mkdirSync(one, { mode: 0o700 });
  const limit = rowsFor(work, embedderPreset(work.preset));
  const written = await writeEmbedderRows(openTrainingData(paths, work), data, {
    part: part(work.split),
    limit,
    seed: work.seed,
    instruction: instructionOf(work, base.embedder),
    distill: work.embedder?.distill === true,
  });
  const settings = embedderSettings(work, {
    basePath: path.dirname(fileOf(installedModel(paths, base.id), 'model.safetensors')),
    base: base.embedder,
    trainFile: written.file,
    outputFolder: output,
  });
  const numbers = path.join(output, 'trainer_log.jsonl');
  const ours = path.join(folder, 'embedder.json');
  writeJsonAtomic(ours, { numbers, heldOut: null, best: null });
  return { args: trainerArguments(ours, settings, { nodes: 1, perNode: 1 }), rows: numbers };
}

async function run(
  engine: InstalledEngine,
  folder: string,
  args: readonly string[],
  watch: RunWatch,
  { signal, onLog }: MeasureOptions,
): Promise<void> {
  const stderr = path.join(folder, 'stderr.log');
  const timer = setInterval(() => watch.look(), LOOK_MS);
  try {
    const exit = await runEngine({
      program: engine.python,
      args,
      cwd: folder,
      env: { ...engineEnvironment(engine.name, engine.device), HF_HOME: path.join(folder, 'cache') },
      stdout: path.join(folder, 'stdout.log'),
      stderr,
      // Nothing of it is kept: it is ended at once.
      signal: new AbortController().signal,
      ...(signal ? { giveUp: signal } : {}),
      onStart: (pid) => watch.started(pid),
      onLook: () => watch.look(),
      onLog: (text) => onLog?.(text),
    });
    throwIfAborted(signal);
    if (exit.code !== 0) throw trainingFault(engine.name, exit, endOfFile(stderr, 256 * 1024));
  } finally {
    clearInterval(timer);
  }
}
