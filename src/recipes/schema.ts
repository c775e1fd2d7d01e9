import { z } from 'zod';
import { datasetKindSchema, splitMethodSchema } from '../datasets/types.ts';
import { whereSchema } from '../hosts/types.ts';
import { searchModeSchema } from '../kb/types.ts';
import { serveEngineSchema, vllmOptionsSchema } from '../serving/types.ts';
import { MOST_NODES, methodSchema, presetSchema, settingSchema, stageSchema } from '../training/types.ts';
import { scalarSchema } from './types.ts';

const text = z.string().min(1);
/** Goes into the command line form of a column: what separates there cannot stand in it. */
const word = z.string().regex(/^[^,=\s]+$/, 'one word without "," and "="');
const whole = z.number().int();
const count = whole.positive();
const seed = whole.nonnegative();
/** Names become parts of the names of what is made. */
const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const NAME_WORDS = 'small letters, digits and "-", beginning with a letter, up to 31';
const name = z.string().regex(NAME, NAME_WORDS);
const named = <S extends z.ZodType>(schema: S) => z.record(name, schema);
const lengths = z.partialRecord(z.enum(['question', 'context', 'answer', 'query', 'instruction', 'output']), count);

export const datasetSchema = z.strictObject({
  /** Exactly one of these three. */
  import: z
    .strictObject({
      file: text,
      format: text.optional(),
      kind: datasetKindSchema.optional(),
      map: z.record(text, text).optional(),
    })
    .optional(),
  /** Rows of another dataset of the recipe. */
  from: name.optional(),
  /** A dataset of the workspace, NAME or NAME@VERSION. */
  use: text.optional(),
  part: text.optional(),
  /** As the datasets screen filters, e.g. `answer:~million -`. */
  filter: text.optional(),
  /** Characters. */
  longest: lengths.optional(),
  shortest: lengths.optional(),
  /** So many of what is left, drawn by the seed. */
  limit: count.optional(),
  seed: seed.optional(),
  negatives: z
    .strictObject({
      /** `random:7`, `bm25:4@2-50`, `EMBEDDER:4`, `existing`. */
      from: z.array(text).min(1),
      ranks: text.optional(),
      margin: z.union([text, z.number()]).optional(),
      fill: z.boolean().optional(),
      audit: z.boolean().optional(),
      instruction: z.string().optional(),
      seed: seed.optional(),
    })
    .optional(),
  /** Check, careful fixes, a split with near copies together, training rows that leak dropped. */
  prepare: z
    .strictObject({
      test: z.number().positive().optional(),
      dev: z.number().positive().optional(),
      fix: z.boolean().optional(),
      seed: seed.optional(),
    })
    .optional(),
  split: z
    .strictObject({
      by: splitMethodSchema.default('context'),
      group: text.optional(),
      stratify: text.optional(),
      test: z.number().positive().optional(),
      dev: z.number().positive().optional(),
      seed: seed.optional(),
    })
    .optional(),
});
export type RecipeDataset = z.infer<typeof datasetSchema>;

const kbSchema = z.strictObject({
  /** Contexts of a dataset, or files and folders: one of the two. */
  dataset: name.optional(),
  part: text.optional(),
  sources: z.array(text).min(1).optional(),
  groups: z.array(text).min(1).default(['sentence']),
  embedders: z.array(text).min(1),
});

const trainSchema = z.strictObject({
  kind: z.enum(['llm', 'embedder']),
  dataset: name,
  part: text.optional(),
  base: text,
  preset: presetSchema.optional(),
  set: z.record(text, settingSchema).default({}),
  limit: count.optional(),
  seed: seed.default(42),
  gpus: count.max(64).optional(),
  nodes: count.max(MOST_NODES).optional(),
  /** Where its engine runs. What it makes is the same wherever that is: it is no part of its key. */
  launcher: whereSchema.optional(),
  method: methodSchema.optional(),
  stage: stageSchema.optional(),
  template: text.optional(),
  system: text.optional(),
  'allow-unservable': z.literal(true).optional(),
  embedder: z
    .strictObject({
      'eval-part': text.optional(),
      keep: z.enum(['best', 'last']).optional(),
      matryoshka: z.array(count).min(1).optional(),
      temperature: z.number().positive().optional(),
      negatives: count.optional(),
      instruction: z.boolean().optional(),
      distill: z.literal(true).optional(),
      int8: z.literal(true).optional(),
    })
    .optional(),
});

const { shape: vllm } = vllmOptionsSchema;
const deploySchema = z.strictObject({
  model: text,
  engine: serveEngineSchema.optional(),
  adapters: z.array(text).default([]),
  /** Where it runs; what it answers is the same wherever that is: it is no part of its key. vLLM alone goes elsewhere. */
  launcher: whereSchema.optional(),
  context: count.optional(),
  'kv-gib': count.optional(),
  /** Goes on when the recipe is done. */
  keep: z.boolean().default(false),
  dtype: vllm.dtype,
  quantization: vllm.quantization,
  'gpu-memory': vllm.gpuMemoryUtilization,
  'tensor-parallel': vllm.tensorParallel,
  'pipeline-parallel': vllm.pipelineParallel,
  'data-parallel': vllm.dataParallel,
  ray: vllm.ray,
  'max-num-seqs': vllm.maxNumSeqs,
});

const columnSchema = z.strictObject({
  llm: word.default('none'),
  embedder: word.optional(),
  group: word.optional(),
  mode: searchModeSchema.optional(),
  'top-k': count.max(100).optional(),
  reranker: word.optional(),
  instruction: z.boolean().optional(),
  context: z.enum(['retrieved', 'gold', 'none']).optional(),
  prompt: word.optional(),
  temperature: z.number().nonnegative().optional(),
  seed: whole.optional(),
  'max-tokens': count.optional(),
});
export type RecipeColumn = z.infer<typeof columnSchema>;

const evaluateSchema = z.strictObject({
  dataset: name,
  part: text.optional(),
  kb: name.optional(),
  columns: z.array(text).min(1),
  metrics: z.array(text).min(1).optional(),
  primary: text.optional(),
  'metric-embedder': text.optional(),
  limit: count.optional(),
  seed: whole.default(1314),
  baselines: z.boolean().default(true),
  reuse: z.boolean().default(true),
  concurrency: z.union([z.literal('auto'), count.max(128)]).default('auto'),
});

const gateSchema = z.strictObject({
  evaluation: name,
  metric: text.optional(),
  column: text.optional(),
  /** Points of 100, or the unit of the metric. */
  min: z.number().optional(),
  max: z.number().optional(),
  /** A column of the evaluation. */
  baseline: text.optional(),
  tolerance: z.number().nonnegative().default(0),
});

const sweepSchema = z.strictObject({
  /** Every value of each with every value of the others. */
  over: z.record(text, z.array(scalarSchema).min(1)).optional(),
  /** Or exactly these. */
  list: z.array(z.record(text, scalarSchema)).min(1).optional(),
  /** So many of its trainings Slurm runs at once; absent: as many as there is room for. */
  'at-once': count.optional(),
});

/** A recipe as it stands in the file, once variables have their values. */
export const recipeSchema = z.strictObject({
  /** Of this form of file. */
  recipe: z.literal(1),
  name,
  about: text.optional(),
  vars: z.unknown().optional(),
  sweep: sweepSchema.optional(),
  datasets: named(datasetSchema).default({}),
  kbs: named(kbSchema).default({}),
  train: named(trainSchema).default({}),
  deploy: named(deploySchema).default({}),
  columns: z
    .record(z.string().regex(/^[^\s,=:/]{1,40}$/u, 'up to 40 characters without spaces and , = : /'), columnSchema)
    .default({}),
  evaluate: named(evaluateSchema).default({}),
  gates: z.array(gateSchema).default([]),
});
export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeTraining = Recipe['train'][string];
export type RecipeEvaluation = Recipe['evaluate'][string];
export type RecipeKb = Recipe['kbs'][string];
export type RecipeDeployment = Recipe['deploy'][string];
export type RecipeGate = Recipe['gates'][number];
