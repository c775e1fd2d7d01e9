import { z } from 'zod';
import { hitSchema, searchModeSchema, type searchResultSchema } from '../kb/types.ts';

export const messageSchema = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
export type Message = z.infer<typeof messageSchema>;

export const samplingSchema = z.object({
  temperature: z.number().min(0).default(0),
  seed: z.number().int().default(1314),
  maxTokens: z.number().int().positive().default(256),
  /** Above 1, tokens the answer has already become less likely (vLLM's name for it); absent = off. */
  repetitionPenalty: z.number().gt(0).max(2).optional(),
});
export type Sampling = z.infer<typeof samplingSchema>;

/** What an answer must be, where the server keeps to it (`response_format`): any JSON, or what fits a JSON Schema. */
export const outputFormatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('json') }),
  z.object({ type: z.literal('schema'), name: z.string().min(1), schema: z.record(z.string(), z.unknown()) }),
]);
export type OutputFormat = z.infer<typeof outputFormatSchema>;

/** In place of a knowledge base's name where no column searches one. */
export const NO_KB = '';

/** One pipeline = one column of a comparison (design §2). */
export const pipelineSchema = z.object({
  kb: z.string(),
  group: z.string().optional(),
  embedder: z.string().optional(),
  mode: searchModeSchema.default('hybrid'),
  topK: z.number().int().min(1).max(100).default(3),
  instruction: z.boolean().default(true),
  reranker: z.string().optional(),
  filter: z.record(z.string(), z.string()).default({}),
  /** Catalogue id or the name of an endpoint. */
  llm: z.string(),
  /** `default`, `tutorial`, or the name of a template of the user's own. */
  prompt: z.string().default('default'),
  sampling: samplingSchema.prefault({}),
  format: outputFormatSchema.optional(),
});
export type Pipeline = z.infer<typeof pipelineSchema>;

/** A column as evaluation and comparison take it: also without an LLM, or without retrieval (design §2). */
export const columnSchema = z
  .object({
    name: z.string().regex(/^[^\s,=:/]{1,40}$/u, 'up to 40 characters without spaces and , = : /'),
    /** Catalogue id or the name of an endpoint; `none` only retrieves. */
    llm: z.string().min(1).default('none'),
    embedder: z.string().min(1).optional(),
    group: z.string().min(1).optional(),
    mode: searchModeSchema.default('hybrid'),
    topK: z.number().int().min(1).max(100).default(3),
    instruction: z.boolean().default(true),
    reranker: z.string().min(1).optional(),
    /** What the LLM is given to read: what was found, the gold passage of the dataset, or nothing. */
    context: z.enum(['retrieved', 'gold', 'none']).default('retrieved'),
    prompt: z.string().min(1).default('default'),
    sampling: samplingSchema.prefault({}),
    format: outputFormatSchema.optional(),
  })
  .refine(({ llm, context }) => llm !== 'none' || context === 'retrieved', {
    message: 'without an LLM and without retrieval there is nothing to measure',
  })
  .refine(({ llm, format }) => llm !== 'none' || format === undefined, {
    message: 'format is of answers: it needs an LLM',
  });
export type Column = z.infer<typeof columnSchema>;

export const usageSchema = z.object({
  promptTokens: z.number().int(),
  completionTokens: z.number().int(),
  /** Of the prompt's tokens, those the server had in its cache; absent where it does not tell. */
  cachedTokens: z.number().int().optional(),
  /** Counted by us, because the server does not tell. */
  estimated: z.boolean().optional(),
});
export const answerTimingSchema = z.object({
  embeddingMs: z.number(),
  retrievalMs: z.number(),
  /** From the request to the LLM to its first piece of text. */
  firstTokenMs: z.number().nullable(),
  /** From the question to the end of the answer. */
  totalMs: z.number(),
  tokensPerSecond: z.number().nullable(),
  /** Between one piece of the answer and the next; null below two pieces. */
  gapP50Ms: z.number().nullable().default(null),
  gapP95Ms: z.number().nullable().default(null),
});

/** When each piece of an answer came (ms since the request to the LLM), and its UTF-16 units of text and reasoning. */
export const streamTimingSchema = z.object({ atMs: z.array(z.number()), chars: z.array(z.number().int()) });
export type StreamTiming = z.infer<typeof streamTimingSchema>;

/** What an answer cost, where the prices of its endpoint are set. */
export const costSchema = z.object({ amount: z.number().nonnegative(), currency: z.string() });
export type Cost = z.infer<typeof costSchema>;

/** A finished answer: what history keeps and `ask --json` prints. */
export const answerSchema = z.object({
  question: z.string(),
  answer: z.string(),
  /** Kept and shown apart, never scored. */
  reasoning: z.string().default(''),
  /** `filtered`: the provider's content filter ended it. */
  finish: z.enum(['stop', 'length', 'cancelled', 'error', 'filtered']),
  pipeline: pipelineSchema,
  hits: z.array(hitSchema),
  relevant: z.boolean(),
  /** The exact messages sent. */
  messages: z.array(messageSchema),
  /** How the context was cut to fit, '' if it was not. */
  cut: z.string().default(''),
  usage: usageSchema,
  timing: answerTimingSchema,
  stream: streamTimingSchema.optional(),
  cost: costSchema.nullable().default(null),
  /** How often the request was made again (429, 5xx, refused) before it was answered. */
  retries: z.number().int().nonnegative().default(0),
  /** Sampling fields the server does not take, so that they were not sent (`seed`); absent = all were. */
  notSent: z.array(z.string()).optional(),
  models: z.object({ llm: z.string(), embedder: z.string().nullable() }),
  /** Whether the embedded engine reused nothing of earlier requests; absent for other servers. */
  strict: z.boolean().optional(),
});
export type Answer = z.infer<typeof answerSchema>;

/** What `src/rag/pipeline.ts` yields while it works. */
export type AnswerEvent =
  | { readonly type: 'retrieved'; readonly search: z.infer<typeof searchResultSchema> }
  | {
      readonly type: 'prompt';
      readonly messages: readonly Message[];
      readonly promptTokens: number | null;
      readonly cut: string;
    }
  | { readonly type: 'delta'; readonly text: string; readonly reasoning: string }
  | { readonly type: 'done'; readonly answer: Answer };
