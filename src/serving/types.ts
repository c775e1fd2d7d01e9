import { z } from 'zod';
import { launcherSchema } from '../hosts/types.ts';

/** Names become file names and `name=path` arguments. */
export const servedNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, 'letters, digits, ".", "_" and "-", up to 80');

export const serveEngineSchema = z.enum(['llama', 'vllm', 'onnx']);
export type ServeEngine = z.infer<typeof serveEngineSchema>;

/** Chats a server of ours answers at once. */
export const DEFAULT_PARALLEL = 4;

/** A flag of vLLM's own, without its dashes; null = it takes no value. */
export const vllmFlagSchema = z.object({ name: z.string().min(1), value: z.string().nullable() });
export type VllmFlag = z.infer<typeof vllmFlagSchema>;

/** What only vLLM is told. What is absent is vLLM's own default, or ours where `vllmCommand` says so. */
export const vllmOptionsSchema = z.object({
  dtype: z.enum(['auto', 'float32', 'float16', 'bfloat16']).optional(),
  quantization: z.string().min(1).optional(),
  /** Share of a GPU's memory that weights and cache may take. */
  gpuMemoryUtilization: z.number().gt(0).max(1).optional(),
  tensorParallel: z.number().int().positive().optional(),
  pipelineParallel: z.number().int().positive().optional(),
  dataParallel: z.number().int().positive().optional(),
  /** A Ray cluster that runs already gives the GPUs, on any of its machines: `auto` (the one of this machine) or HOST:PORT. */
  ray: z
    .string()
    .regex(/^(auto|(ray:\/\/)?[A-Za-z0-9.[\]_:-]+:\d{1,5})$/, 'auto, or HOST:PORT of the head of a Ray cluster')
    .optional(),
  /** Requests computed in one step. */
  maxNumSeqs: z.number().int().positive().optional(),
  /** Can give a GPU's memory back and take it again without a restart. */
  sleepMode: z.boolean().optional(),
  /** False: takes no adapters, not even later. */
  lora: z.boolean().optional(),
  /** Adapters that may be computed in one step; requests for more wait. */
  loraSlots: z.number().int().positive().optional(),
  maxLoraRank: z.number().int().positive().optional(),
  /** How long requests under way may take when it is stopped, seconds. */
  drainSeconds: z.number().int().nonnegative().optional(),
  /** Whatever else it takes, passed through. */
  flags: z.array(vllmFlagSchema).optional(),
});
export type VllmOptions = z.infer<typeof vllmOptionsSchema>;

/** What a `serve` job serves, and how. */
export const serveSchema = z.object({
  /** `llama`: our server over a GGUF; `vllm`: the environment `vllm` over a Transformers folder; `onnx`: our embedder server. */
  engine: serveEngineSchema,
  /** An embedder, behind /v1/embeddings; absent: a chat model. */
  runner: z.literal('pooling').optional(),
  /** Catalogue id of the base model or embedder; the name it is served under unless `servedName` is another. */
  model: z.string(),
  servedName: servedNameSchema.optional(),
  contextTokens: z.number().int().positive(),
  /** Stops by itself after so many idle minutes; 0 = never. */
  idleMinutes: z.number().nonnegative(),
  /** Served beside the base, under their own names: peft folders (or, on `llama`, GGUF files). */
  adapters: z.array(z.object({ name: servedNameSchema, path: z.string() })).default([]),
  /** vLLM: the base as Transformers reads it. */
  weights: z.string().optional(),
  /** vLLM: memory for keys and values of the context, GiB. */
  kvCacheGiB: z.number().int().positive().default(1),
  vllm: vllmOptionsSchema.optional(),
  /**
   * llama: chats answered at once; what must be repeatable to the letter runs alone. Less where memory is short.
   * onnx: embedder processes of one thread each.
   */
  parallel: z.number().int().min(1).max(16).optional(),
  /** vLLM on CUDA: GPUs it has for itself, the product of its kinds of parallelism; absent: one. */
  gpus: z.number().int().positive().max(64).optional(),
  /** vLLM: where it runs; absent: on this machine. */
  launcher: launcherSchema.optional(),
});
export type ServeWork = z.infer<typeof serveSchema>;

/** GPUs that a server of these settings computes on: each copy has tensor × pipeline. Pure. */
export const gpusOf = ({ tensorParallel = 1, pipelineParallel = 1, dataParallel = 1 }: VllmOptions): number =>
  tensorParallel * pipelineParallel * dataParallel;

const DRAIN_SECONDS = 10;
/** How long requests under way may take when a vLLM server is stopped, seconds. */
export const drainSeconds = ({ vllm }: Pick<ServeWork, 'vllm'>): number => vllm?.drainSeconds ?? DRAIN_SECONDS;
