import { z } from 'zod';

/** What a judge can be asked for; in figures each is called `NAME@JUDGE`. */
export const JUDGE_METRICS = ['faithfulness', 'answer-relevance', 'judge-context-recall', 'preference'] as const;
export const judgeMetricSchema = z.enum(JUDGE_METRICS);
export type JudgeMetric = z.infer<typeof judgeMetricSchema>;

/** An LLM that judges answers, and what it is asked for. */
export const judgeSettingsSchema = z.object({
  /** Catalogue id or the name of an endpoint, as a column's. */
  llm: z.string().min(1),
  metrics: z.array(judgeMetricSchema).min(1),
  /** Compares questions, for `answer-relevance`. */
  embedder: z.string().min(1),
  maxTokens: z.number().int().positive(),
});
export type JudgeSettings = z.infer<typeof judgeSettingsSchema>;

export const promptLanguageSchema = z.enum(['en', 'zh']);

/** What the judgements of one judge rest on: `judge.json` of its layer. */
export const judgeCapsuleSchema = z.object({
  /** As it was named: an endpoint or a model. */
  llm: z.string(),
  /** The answering server's own name for it. */
  model: z.string(),
  digest: z.string(),
  embedder: z.object({ id: z.string(), fingerprint: z.string() }).nullable(),
  /** Hash of all prompts and schemas in each language. */
  prompts: z.object({ en: z.string(), zh: z.string() }),
  version: z.number().int(),
  sampling: z.object({ temperature: z.number(), seed: z.number(), maxTokens: z.number() }),
  /** The column others are preferred to. */
  base: z.string(),
  /** Columns that the same model, or one on the same weights, answered. */
  related: z.array(z.string()),
  /** Hash of all that determines a judgement but the answer itself. */
  basis: z.string(),
});
export type JudgeCapsule = z.infer<typeof judgeCapsuleSchema>;

/** `better`: which of two answers, the first or the second shown. */
export const preferredSchema = z.enum(['first', 'second', 'tie']);
export type Preferred = z.infer<typeof preferredSchema>;

/**
 * `scored`; `nothing`: there is nothing to judge (no statement, no context); `unparseable`: the judge's reply is not what
 * was asked for; `failed`: no reply. The last two are missing, never 0.
 */
export const judgementStateSchema = z.enum(['scored', 'nothing', 'unparseable', 'failed']);

/** A line of `judgements.jsonl`. */
export const judgementSchema = z.object({
  v: z.literal(1),
  basis: z.string(),
  metric: judgeMetricSchema,
  column: z.string(),
  /** The row's id in the dataset. */
  item: z.string(),
  /** Hash of what was judged: another answer makes it void. */
  of: z.string(),
  state: judgementStateSchema,
  score: z.number().nullable(),
  language: promptLanguageSchema,
  /** What the judge said, piece by piece. */
  parts: z
    .object({
      statements: z.array(z.string()).optional(),
      verdicts: z.array(z.union([z.literal(0), z.literal(1)])).optional(),
      questions: z.array(z.string()).optional(),
      cosines: z.array(z.number()).optional(),
      /** The base column first, then last. */
      orders: z.tuple([preferredSchema, preferredSchema]).optional(),
      /** Decided without the judge: both answers are the same, or one column has none. */
      decided: z.enum(['same', 'no-answer']).optional(),
    })
    .default({}),
  /** Why it is missing. */
  why: z.string().default(''),
});
export type Judgement = z.infer<typeof judgementSchema>;

/** What a judge replied to one request: `replies.jsonl`, so that nothing is asked twice. */
export const judgeReplySchema = z.object({
  key: z.string(),
  text: z.string(),
  finish: z.enum(['stop', 'length', 'filtered']),
  promptTokens: z.number().nullable(),
  completionTokens: z.number().nullable(),
});
export type JudgeReply = z.infer<typeof judgeReplySchema>;

export const isMissing = ({ state }: Pick<Judgement, 'state'>): boolean =>
  state === 'unparseable' || state === 'failed';
