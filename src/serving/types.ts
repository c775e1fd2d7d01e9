import { z } from 'zod';

/** Names become file names and `name=path` arguments. */
export const servedNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, 'letters, digits, ".", "_" and "-", up to 80');

export const serveEngineSchema = z.enum(['llama', 'vllm', 'onnx']);
export type ServeEngine = z.infer<typeof serveEngineSchema>;

/** Chats a server of ours answers at once. */
export const DEFAULT_PARALLEL = 4;

/** What a `serve` job serves, and how. */
export const serveSchema = z.object({
  /** `llama`: our server over a GGUF; `vllm`: the environment `vllm` over a Transformers folder; `onnx`: our embedder server. */
  engine: serveEngineSchema,
  /** An embedder, behind /v1/embeddings; absent: a chat model. */
  runner: z.literal('pooling').optional(),
  /** Catalogue id of the base model or embedder; the name it is served under. */
  model: z.string(),
  contextTokens: z.number().int().positive(),
  /** Stops by itself after so many idle minutes; 0 = never. */
  idleMinutes: z.number().nonnegative(),
  /** Served beside the base, under their own names: peft folders (or, on `llama`, GGUF files). */
  adapters: z.array(z.object({ name: servedNameSchema, path: z.string() })).default([]),
  /** vLLM: the base as Transformers reads it. */
  weights: z.string().optional(),
  /** vLLM: memory for keys and values of the context, GiB. */
  kvCacheGiB: z.number().int().positive().default(1),
  /**
   * llama: chats answered at once; what must be repeatable to the letter runs alone. Less where memory is short.
   * onnx: embedder processes of one thread each.
   */
  parallel: z.number().int().min(1).max(16).optional(),
  /** vLLM on CUDA: GPUs it has for itself, the product of its kinds of parallelism; absent: one. */
  gpus: z.number().int().positive().max(64).optional(),
});
export type ServeWork = z.infer<typeof serveSchema>;
