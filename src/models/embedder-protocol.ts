import { z } from 'zod';
import { embedderConfigSchema } from './types.ts';

/** Messages between `embedder-client.ts` and `workers/embedder.ts` (IPC, structured clone). */
const loadSchema = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('embedder'),
    model: z.string(),
    tokenizer: z.string(),
    threads: z.number().int().positive(),
    config: embedderConfigSchema,
  }),
  z.object({
    role: z.literal('reranker'),
    model: z.string(),
    tokenizer: z.string(),
    threads: z.number().int().positive(),
    maxTokens: z.number().int().positive(),
  }),
]);
export type LoadRequest = z.infer<typeof loadSchema>;

export const toChildSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), load: loadSchema }),
  /** Texts come with their instruction already in front. */
  z.object({ type: z.literal('embed'), id: z.number().int(), texts: z.array(z.string()) }),
  z.object({ type: z.literal('rerank'), id: z.number().int(), query: z.string(), texts: z.array(z.string()) }),
  z.object({ type: z.literal('cancel'), id: z.number().int() }),
]);
export type ToChild = z.infer<typeof toChildSchema>;

export const fromChildSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('embedded'),
    id: z.number().int(),
    /** One after another, `dimension` numbers each. */
    vectors: z.instanceof(Float32Array),
    tokens: z.array(z.number().int()),
    /** Positions of the texts that were longer than the model reads. */
    cut: z.array(z.number().int()),
  }),
  z.object({ type: z.literal('scored'), id: z.number().int(), scores: z.array(z.number()) }),
  z.object({
    type: z.literal('failed'),
    /** Absent when loading failed. */
    id: z.number().int().optional(),
    code: z.enum(['cancelled', 'invalid', 'corrupt', 'internal', 'not-found']),
    message: z.string(),
    hint: z.string(),
  }),
]);
export type FromChild = z.infer<typeof fromChildSchema>;
