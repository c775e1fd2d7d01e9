import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { keptFarEngine, knownHost } from '../../hosts/store.ts';
import { farLauncher, hostOf } from '../../hosts/types.ts';
import { readEvents } from '../../jobs/events.ts';
import type { JobView } from '../../jobs/types.ts';
import { hashFile } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { mustBeMade } from '../../training/base-llm.ts';
import { exportedName, findEmbedderBase } from '../../training/embedder-base.ts';
import { planEmbedder } from '../../training/embedder-plan.ts';
import { refuseHopeless } from '../../training/forecast/refusal.ts';
import { planLlm, type TrainingPlan } from '../../training/llm-plan.ts';
import { type Asked, isRegistered, registeredIn, tunedFolder } from '../../training/tuned.ts';
import {
  type EmbedderOptions,
  type EmbedderTraining,
  ENGINE_OF,
  embedderOptionsSchema,
  type Preset,
} from '../../training/types.ts';
import { hashOf, type SpecOf } from '../plan.ts';
import type { MadeOf } from '../types.ts';
import { engineWhere, modelDigest } from './facts.ts';
import { installHere } from './ready.ts';
import { isOf, type Needs, needed, partOf, type StepDoer } from './types.ts';

type Train = SpecOf<'train'>;

/** A tune of an LLM or an embedder; by a `train-llm` or `train-embedder` job. */
export const trainStep: StepDoer<'train'> = {
  version: 1,
  // What its engine is and the preset that follows from it, but not where it runs: the same training elsewhere is done.
  facts: ({ paths }, spec) => [
    modelDigest(paths, spec.what === 'embedder' ? findEmbedderBase(paths, spec.base).id : spec.base),
    engineOf(paths, spec)?.versions ?? null,
    presetOf(paths, spec),
  ],
  there: async ({ paths, signal }, made) => {
    if (!isOf(made, 'model')) return undefined;
    const { root } = tunedFolder(paths, made.name);
    if (!registeredIn(paths, root).includes(made.name)) return undefined;
    const files = await filesOf(made.folder, made.files, signal);
    return Object.keys(files).length === 0 ? undefined : digestOf(files);
  },
  expect: ({ paths }, spec, needs) => {
    // A forecast is of this machine.
    if (farLauncher(spec.launcher) !== undefined) return null;
    const { forecast } = planOf(paths, spec, trainingOf(paths, spec, needs, 'x'));
    return forecast.time.seconds?.middle ?? null;
  },
  make: async ({ world: { paths, signal }, spec, needs, madeName, child }) => {
    const training = trainingOf(paths, spec, needs, madeName);
    // One that its job did and nobody noted down (a kill, a resume by hand) has its name already.
    const done = isRegistered(paths, askedOf(spec, training));
    const plan = planOf(paths, spec, done ? { ...training, name: 'x' } : training);
    const launcher = farLauncher(spec.launcher);
    if (launcher === undefined) refuseHopeless(plan.forecast, { oversize: false });
    else if (spec.what === 'llm' && basePending(paths, spec, launcher)) {
      // Only this machine makes a base ready.
      await installHere(paths, ENGINE_OF.llm, child, { part: 'engine' });
    }
    const where = launcher === undefined ? {} : { launcher };
    const job = await child({ ...askedOf(spec, training), ...where });
    const folder = tunedFolder(paths, madeName).result;
    const files = await filesOf(folder, {}, signal);
    return {
      type: 'model',
      digest: digestOf(files),
      name: madeName,
      what: spec.what,
      base: spec.what === 'llm' ? spec.base : exportedName(findEmbedderBase(paths, spec.base).id),
      dataset: `${training.dataset} (${training.split})`,
      rows: plan.rows,
      ...where,
      ...(await lossOf(job)),
      folder,
      files,
    };
  },
};

const askedOf = ({ what }: Train, training: EmbedderTraining): Asked =>
  what === 'llm' ? { kind: 'train-llm', ...withoutEmbedder(training) } : { kind: 'train-embedder', ...training };

function planOf(paths: WorkspacePaths, spec: Train, training: EmbedderTraining): TrainingPlan {
  const far = farLauncher(spec.launcher) === undefined ? undefined : engineOf(paths, spec);
  return spec.what === 'llm' ? planLlm(paths, training, {}, far) : planEmbedder(paths, training, {}, far);
}

const engineOf = (paths: WorkspacePaths, { what, launcher }: Train) =>
  engineWhere(paths, ENGINE_OF[what], farLauncher(launcher));

const presetOf = (paths: WorkspacePaths, spec: Train): Preset =>
  spec.preset ?? (engineOf(paths, spec)?.device === 'cuda' ? 'tutorial' : 'cpu');

function basePending(paths: WorkspacePaths, { what, base }: Train, launcher: string): boolean {
  const { facts } = knownHost(paths, hostOf(launcher));
  const onCpu = keptFarEngine(paths, launcher, ENGINE_OF[what])?.device !== 'cuda';
  return mustBeMade(paths, base, { float32: onCpu && !facts.bfloat16 });
}

function withoutEmbedder({ embedder: _, ...training }: EmbedderTraining) {
  return training;
}

function trainingOf(paths: WorkspacePaths, spec: Train, needs: Needs, name: string): EmbedderTraining {
  const from = needed(needs, 'dataset', 'dataset');
  const { base, set, limit, seed, gpus, nodes, method, stage, template, system, what } = spec;
  const embedder = spec.embedder && embedderOptions(spec.embedder, from);
  return {
    dataset: `${from.dataset}@${from.version}`,
    split: partOf(from, spec.part, 'train'),
    base: what === 'embedder' ? findEmbedderBase(paths, base).id : base,
    name,
    preset: presetOf(paths, spec),
    settings: set,
    seed,
    ...(limit === undefined ? {} : { limit }),
    ...(gpus === undefined ? {} : { gpus }),
    ...(nodes === undefined || nodes === 1 ? {} : { nodes }),
    ...(method === undefined ? {} : { method }),
    ...(stage === undefined ? {} : { stage }),
    ...(template === undefined ? {} : { template }),
    ...(system === undefined ? {} : { system }),
    ...(spec['allow-unservable'] ? { allowUnservable: true } : {}),
    ...(embedder === undefined ? {} : { embedder }),
  };
}

function embedderOptions(
  { 'eval-part': evalPart, ...rest }: NonNullable<Train['embedder']>,
  from: MadeOf<'dataset'>,
): EmbedderOptions {
  const evalSplit = evalPart === undefined || evalPart === 'none' ? evalPart : partOf(from, evalPart, 'test');
  return embedderOptionsSchema.parse({ ...rest, ...(evalSplit === undefined ? {} : { evalSplit }) });
}

type Files = MadeOf<'model'>['files'];

/** Files of a folder with their hashes; one that has kept size and time has kept its content. */
async function filesOf(folder: string, known: Files, signal: AbortSignal): Promise<Files> {
  const files: Files = {};
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name);
    const { size, mtimeMs } = statSync(file);
    const before = known[name];
    const same = before?.size === size && before.mtimeMs === mtimeMs;
    files[name] = { size, mtimeMs, sha256: same ? before.sha256 : await hashFile(file, signal) };
  }
  return files;
}

/** Weights and what is needed to use them; cards and manifests tell times, which are no content. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(safetensors|onnx|gguf|bin)$|tokenizer.*\.json$|adapter_config\.json$/.test(name))
      .filter((name) => statSync(path.join(folder, name)).isFile())
      .sort();
  } catch {
    return [];
  }
}

const digestOf = (files: Files): string => hashOf(Object.entries(files).map(([name, { sha256 }]) => [name, sha256]));

/** Mean losses of the first and the last quarter of what was logged: single steps say little. */
async function lossOf(job: JobView): Promise<Pick<MadeOf<'model'>, 'steps' | 'firstLoss' | 'lastLoss'>> {
  const losses = new Map<number, number>();
  await readEvents(job.folder, (event) => {
    if (event.type === 'metric' && event.name === 'loss') losses.set(event.step, event.value);
  });
  const values = [...losses].sort(([a], [b]) => a - b).map(([, value]) => value);
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const mean = (part: readonly number[]) =>
    part.length === 0 ? null : part.reduce((sum, value) => sum + value, 0) / part.length;
  const steps = values.length === 0 ? null : Math.max(...losses.keys());
  return { steps, firstLoss: mean(values.slice(0, quarter)), lastLoss: mean(values.slice(-quarter)) };
}
