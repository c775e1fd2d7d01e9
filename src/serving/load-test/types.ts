import { z } from 'zod';

/** What a load test asks, and how. */
export const loadTestSchema = z.object({
  /** A name that is served here (`sft`, `sft@vllm`) or an endpoint of the user's; or a server by its address. */
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('name'), name: z.string().min(1) }),
    z.object({
      kind: z.literal('url'),
      url: z.url(),
      model: z.string().min(1),
      /** The variable that holds the key; the key itself is in no file. */
      keyEnv: z.string().optional(),
    }),
  ]),
  /** Requests under way at a time, one level after the other. */
  concurrency: z.array(z.number().int().min(1).max(1024)).min(1),
  /** Of each level; null = four for each request under way, eight at least. */
  requests: z.number().int().positive().nullable(),
  /** About so many tokens of made-up text; the questions of a dataset are as long as they are. */
  promptTokens: z.number().int().min(8).max(100_000),
  maxTokens: z.number().int().positive().max(100_000),
  /** Where questions are taken from instead. */
  rows: z.object({ dataset: z.string(), split: z.string() }).nullable(),
  /** No new request begins in a level after so long, seconds. */
  levelSeconds: z.number().positive(),
});
export type LoadTest = z.infer<typeof loadTestSchema>;

export const LOAD_TEST_USUAL = {
  concurrency: [1, 2, 4, 8],
  requests: null,
  promptTokens: 128,
  maxTokens: 64,
  rows: null,
  levelSeconds: 120,
} as const;

const quantiles = z.object({ p50: z.number(), p95: z.number() }).nullable();

/** One level, from what our client measured. Rates are over the wall time from its first request to its last answer. */
export const levelSchema = z.object({
  concurrency: z.number().int(),
  requests: z.number().int(),
  errors: z.number().int(),
  /** What went wrong first, in the server's words. */
  firstError: z.string().nullable(),
  seconds: z.number(),
  requestsPerSecond: z.number(),
  /** Tokens written. */
  tokensPerSecond: z.number(),
  promptTokens: z.number(),
  answerTokens: z.number(),
  /** The server did not tell its tokens: pieces were counted. */
  estimated: z.boolean(),
  firstTokenMs: quantiles,
  /** Between one piece of an answer and the next, over all answers. */
  gapMs: quantiles,
});
export type Level = z.infer<typeof levelSchema>;

export const kneeSchema = z.object({
  concurrency: z.number().int(),
  /** The highest level still brought more: the knee may lie above it. */
  rising: z.boolean(),
});
export type Knee = z.infer<typeof kneeSchema>;

/** `load-test.json` of its job. */
export const loadTestResultSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  startedAt: z.iso.datetime(),
  test: loadTestSchema,
  /** As it may be shown. */
  url: z.string(),
  model: z.string(),
  /** `llama`, `vllm` for servers of ours. */
  engine: z.string(),
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  levels: z.array(levelSchema),
  knee: kneeSchema.nullable(),
});
export type LoadTestResult = z.infer<typeof loadTestResultSchema>;
