import { z } from 'zod';
import type { EngineName } from '../engines/types.ts';

/** What is trained, and by which engine. */
export type TrainingKind = 'llm' | 'embedder';
export const ENGINE_OF = { llm: 'llamafactory', embedder: 'flagembedding' } as const satisfies Readonly<
  Record<TrainingKind, EngineName>
>;

/** A value of an engine's own key, as `--set key=value` gives it. */
export const settingSchema = z.union([z.string(), z.number(), z.boolean()]);
export type Setting = z.infer<typeof settingSchema>;

/** The embedder's are `cpu` and `tutorial`; it takes the others for the latter. */
export const presetSchema = z.enum(['cpu', 'tutorial', 'gpu-8gb', 'gpu-12gb', 'gpu-24gb', 'gpu-48gb', 'gpu-80gb']);
export type Preset = z.infer<typeof presetSchema>;

/** The preset of an embedder's training. */
export const presetOfEmbedder = (preset: Preset): 'cpu' | 'tutorial' => (preset === 'cpu' ? 'cpu' : 'tutorial');

/** What of an LLM learns: an adapter beside it (over weights of 4 bits: QLoRA), all weights, or its last layers. */
export const methodSchema = z.enum(['lora', 'qlora', 'full', 'freeze']);
export type Method = z.infer<typeof methodSchema>;

/** What it learns from: answers (sft), or which of two answers is the better one (dpo). */
export const stageSchema = z.enum(['sft', 'dpo']);
export type Stage = z.infer<typeof stageSchema>;

export const MOST_NODES = 64;

/** What a training job is told; the same for both kinds of model. */
export const trainingSchema = z.object({
  /** Name of the dataset, with its version when one was named (`data@2`). */
  dataset: z.string().min(1),
  split: z.string().min(1),
  /** Id of the base model in the catalogue. */
  base: z.string().min(1),
  /** What the result is called. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  preset: presetSchema,
  /** The engine's own keys, over the preset's. */
  settings: z.record(z.string(), settingSchema),
  /** Rows used, from the start of the split; absent: all. */
  limit: z.number().int().positive().optional(),
  seed: z.number().int().nonnegative(),
  /** GPUs it has for itself; absent: one where the engine was installed for CUDA. */
  gpus: z.number().int().positive().max(64).optional(),
  /** Slurm nodes it runs on at once, each with so many GPUs (one process where there are none); absent: one. */
  nodes: z.number().int().positive().max(MOST_NODES).optional(),
  /** Also what no server of ours would load. */
  allowUnservable: z.literal(true).optional(),
  /** Of an LLM; absent: the preset's. */
  method: methodSchema.optional(),
  /** Of an LLM; absent: sft. */
  stage: stageSchema.optional(),
  /** Of an LLM: LLaMA-Factory's template by name; absent: the one that writes what the model's own chat template does. */
  template: z.string().min(1).optional(),
  /** Of an LLM: the system text of every row, and of every request to what comes of it; absent: the rows' own. */
  system: z.string().min(1).optional(),
});
export type Training = z.infer<typeof trainingSchema>;

/** What only the training of an embedder is told. */
export const embedderOptionsSchema = z.object({
  /** Part of the dataset that is searched while training; `none`: no part; absent: the sibling part that was held out. */
  evalSplit: z.string().min(1).optional(),
  /** `best`: the checkpoint that found the held-out rows best is exported instead of the last one. */
  keep: z.enum(['best', 'last']).optional(),
  /** Matryoshka: lengths to which a vector may be cut, rising; the whole length is always trained. */
  matryoshka: z.array(z.number().int().positive()).min(1).optional(),
  temperature: z.number().positive().optional(),
  /** Negatives a row in each step; with its positive they are a group. */
  negatives: z.number().int().positive().optional(),
  /** False: queries are trained, and later asked, without the base's instruction. */
  instruction: z.boolean().optional(),
  /** Learns from the scores of a teacher that the rows carry, too. */
  distill: z.literal(true).optional(),
  /** Also make an embedder with int8 weights, `NAME-int8`. */
  int8: z.literal(true).optional(),
});
export type EmbedderOptions = z.infer<typeof embedderOptionsSchema>;

export const embedderTrainingSchema = trainingSchema.extend({ embedder: embedderOptionsSchema.optional() });
export type EmbedderTraining = z.infer<typeof embedderTrainingSchema>;

/** One row of numbers as the engine reports them; what it does not report is absent, not zero. */
export interface TrainingRow {
  readonly step: number;
  readonly totalSteps: number;
  /** By our names: loss, eval_loss, learning_rate, grad_norm, epoch. */
  readonly values: Readonly<Record<string, number>>;
}
