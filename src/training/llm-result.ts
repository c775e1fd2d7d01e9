import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { SFT_SYSTEM } from '../datasets/render.ts';
import type { InstalledEngine } from '../engines/store.ts';
import type { JobContext } from '../jobs/worker.ts';
import { convertModel } from '../models/gguf/model.ts';
import { addAdapter, addLocalModel } from '../models/own.ts';
import { installedModel } from '../models/store.ts';
import { toRagtuiError } from '../platform/errors.ts';
import { hashFile, writeJsonAtomic, writeTextAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
import type { TransformersBase } from './base-llm.ts';
import { type Card, cardText, curveOf } from './card.ts';
import { weightFiles } from './final-save.ts';
import { keepFiles } from './keep-files.ts';
import { makesAdapter, methodOf, stageOf } from './llm-config.ts';
import { openTrainingData } from './open-data.ts';
import type { TemplateChoice } from './template-choice.ts';
import type { TunedFolder } from './tuned.ts';
import { settingSchema } from './types.ts';

/** `trained.json`: what the engine's last session left, written when it came to its end. */
export const trainedSchema = z.object({
  steps: z.number(),
  totalSteps: z.number(),
  rows: z.number(),
  system: z.string().default(SFT_SYSTEM),
  templateCheck: z.string().default('not checked'),
  settings: z.record(z.string(), settingSchema).default({}),
});
export type Trained = z.infer<typeof trainedSchema>;

export interface ResultInput {
  readonly context: JobContext<'train-llm'>;
  readonly engine: InstalledEngine;
  readonly base: TransformersBase;
  readonly template: TemplateChoice;
  readonly tuned: TunedFolder;
}

/** How long the engine ran for each job, so far: a training may be stopped and resumed. */
const secondsSchema = z.record(z.string(), z.number());
const secondsFile = (tuned: TunedFolder): string => path.join(tuned.root, 'seconds.json');
const readSeconds = (tuned: TunedFolder): Readonly<Record<string, number>> =>
  secondsSchema.safeParse(parseJson(readText(secondsFile(tuned)))).data ?? {};

/** Writes down how long the engine has run for a job; also while it runs, since a session may be killed. */
export function noteSeconds(tuned: TunedFolder, job: string, seconds: number): void {
  writeJsonAtomic(secondsFile(tuned), { ...readSeconds(tuned), [job]: seconds });
}

const draftFile = (tuned: TunedFolder): string => path.join(tuned.root, 'training-draft.json');

/** What `trained.json` will say, written down while the engine runs: its last save may be all that is left to do. */
export function noteDraft(tuned: TunedFolder, trained: Trained): void {
  writeJsonAtomic(draftFile(tuned), trained);
}

export function readDraft(tuned: TunedFolder): Trained | undefined {
  return trainedSchema.safeParse(parseJson(readText(draftFile(tuned)))).data;
}

/** Takes what the engine left into `result/` with its card, and makes it known: an adapter, or a model of its own. */
export async function registerResult(input: ResultInput): Promise<void> {
  const { work } = input.context;
  if (makesAdapter(work)) await registerAdapter(input);
  else await registerModel(input);
}

const adapterConfigSchema = z.looseObject({ r: z.number().int(), lora_alpha: z.number() });

async function registerAdapter(input: ResultInput): Promise<void> {
  const { context, base, template, tuned } = input;
  const { work, paths, report, signal } = context;
  await keepFiles(tuned.train, tuned.result, ['adapter_model.safetensors', 'adapter_config.json']);
  const config = adapterConfigSchema.parse(readJson(path.join(tuned.result, 'adapter_config.json')));
  const trained = trainedSchema.parse(readJson(tuned.trained));
  await writeCard(input, trained);
  const adapter = await addAdapter(
    paths,
    {
      name: work.name,
      base: work.base,
      path: tuned.result,
      basePath: base.folder,
      rank: config.r,
      alpha: config.lora_alpha,
      template: template.name,
      templateSystem: trained.system,
      lineage: lineageOf(input, trained),
    },
    signal,
  );
  report.artifact(work.name, tuned.result, { kind: 'adapter', ...adapter });
}

/** Beside the weights; what Transformers and vLLM need to load them. */
const MODEL_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'model.safetensors.index.json',
];

async function registerModel(input: ResultInput): Promise<void> {
  const { context, base, template, tuned } = input;
  const { work, paths, report, signal } = context;
  const left = readdirSync(tuned.train);
  await keepFiles(tuned.train, tuned.result, [
    ...MODEL_FILES.filter((name) => left.includes(name)),
    ...weightFiles(tuned.train, 'model'),
  ]);
  // The engine may have put its own chat template there; what it was checked against is the base's.
  for (const name of ['chat_template.jinja', 'tokenizer_config.json', 'tokenizer.json']) {
    const file = path.join(base.folder, name);
    if (existsSync(file)) writeTextAtomic(path.join(tuned.result, name), readFileSync(file, 'utf8'));
  }
  const gguf = installedModel(paths, work.base).files['model.gguf'];
  if (gguf === undefined) report.log('warn', 'The base came without a GGUF: the tuned model is served by vLLM alone');
  else writeGgufOf(input, gguf);
  const trained = trainedSchema.parse(readJson(tuned.trained));
  await writeCard(input, trained);
  const entry = await addLocalModel(
    paths,
    {
      name: work.name,
      path: tuned.result,
      kind: 'chat',
      tuned: {
        base: work.base,
        template: template.name,
        templateSystem: trained.system,
        lineage: lineageOf(input, trained),
      },
    },
    signal,
  );
  report.artifact(work.name, tuned.result, { kind: 'model', id: entry.id });
}

function writeGgufOf({ context: { report }, tuned }: ResultInput, base: string): void {
  report.progress({
    phase: 'writing the GGUF',
    done: 0,
    total: 0,
    unit: 'steps',
    rate: null,
    secondsLeft: null,
  });
  try {
    convertModel({ folder: tuned.result, base, out: path.join(tuned.result, 'model.gguf'), dtype: 'f16' });
  } catch (error) {
    const { code, message } = toRagtuiError(error);
    if (code !== 'unsupported') throw error;
    report.log('warn', `No GGUF of it: ${message} It is served by vLLM alone`);
  }
}

function lineageOf({ context, base, engine }: ResultInput, trained: Trained) {
  const { work, paths, spec } = context;
  const manifest = openTrainingData(paths, work).manifest;
  return {
    job: spec.id,
    dataset: manifest.name,
    datasetVersion: manifest.version,
    split: work.split,
    rows: trained.rows,
    steps: trained.steps,
    method: methodOf(work),
    stage: stageOf(work),
    baseWeights: base.weights,
    baseRecipe: base.recipe,
    templateCheck: trained.templateCheck,
    engine: `llamafactory ${engine.versions['llamafactory'] ?? ''}`.trim(),
    torch: engine.versions['torch'] ?? '',
  };
}

const PATH_KEYS = ['model_name_or_path', 'dataset_dir', 'output_dir'];

async function writeCard(input: ResultInput, trained: Trained): Promise<void> {
  const { context, base, engine, template, tuned } = input;
  const { work, paths, spec, signal } = context;
  const { manifest } = openTrainingData(paths, work);
  const files: Card['files'] = [];
  for (const name of readdirSync(tuned.result).sort()) {
    const file = path.join(tuned.result, name);
    files.push({ name, bytes: statSync(file).size, sha256: await hashFile(file, signal) });
  }
  const card: Card = {
    version: 1,
    name: work.name,
    kind: makesAdapter(work) ? 'adapter' : 'model',
    createdAt: new Date().toISOString(),
    job: spec.id,
    base: { id: work.base, weights: base.weights, recipe: base.recipe },
    data: {
      name: manifest.name,
      version: manifest.version,
      sha256: manifest.sha256,
      split: work.split,
      rows: trained.rows,
    },
    method: methodOf(work),
    stage: stageOf(work),
    settings: Object.fromEntries(Object.entries(trained.settings).filter(([key]) => !PATH_KEYS.includes(key))),
    template: { name: template.name, check: trained.templateCheck, system: trained.system },
    curve: curveOf(readText(path.join(tuned.train, 'trainer_log.jsonl'))),
    seconds: sessionSeconds(tuned),
    versions: engine.versions,
    files,
  };
  writeJsonAtomic(path.join(tuned.result, 'card.json'), card);
  writeTextAtomic(path.join(tuned.result, 'README.md'), cardText(card));
}

/** All sessions together; null when none was written down. */
function sessionSeconds(tuned: TunedFolder): number | null {
  const sessions = Object.values(readSeconds(tuned));
  return sessions.length === 0 ? null : sessions.reduce((sum, seconds) => sum + seconds, 0);
}

const readText = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
