import { z } from 'zod';
import { columnSchema, costSchema } from '../rag/types.ts';
import { judgeSettingsSchema } from './judge/types.ts';
import { ownMetricSchema } from './own-metrics/types.ts';

/** Items in work at once; `auto`: as many as the servers take (the embedded LLM answers one at a time anyway). */
export const concurrencySchema = z.union([z.number().int().min(1).max(128), z.literal('auto')]);

/** How answers were asked to look; the metrics of form are about this. */
export const answerFormSchema = z.object({
  schema: z.object({ name: z.string(), schema: z.record(z.string(), z.unknown()) }).nullable(),
  /** KEY of `{{KEY_START}}…{{KEY_END}}`. */
  marker: z.string().nullable(),
});
export type AnswerForm = z.infer<typeof answerFormSchema>;

/** What a run measures: the work of an `evaluate` job, complete at its start, so that it can be done again. */
export const evaluationSchema = z.object({
  dataset: z.string().min(1),
  /** Immutable version of the dataset. */
  version: z.string().min(1),
  /** Part of a split: `test`, `tutorial/test`, `all`. */
  split: z.string().min(1),
  /** At most so many items, chosen by the seed; null = all. */
  limit: z.number().int().positive().nullable(),
  seed: z.number().int(),
  kb: z.string().min(1).nullable(),
  columns: z.array(columnSchema).min(1),
  metrics: z.array(z.string()).min(1),
  /** The form that all columns are told to answer in; absent: none. */
  form: answerFormSchema.optional(),
  /** Own metrics among them, as they were when the run was made; absent: none. */
  own: z.array(ownMetricSchema).optional(),
  /** Chosen before; the verdict is about this one. */
  primary: z.string(),
  /** Rows that cost nothing: BM25, perfect retrieval, sentence copy, empty answer, answer to another question. */
  baselines: z.boolean(),
  concurrency: concurrencySchema,
  /** Take answers that an earlier run got to the very same prompt; false asks again. */
  reuse: z.boolean(),
  /** Judges each answer as soon as it is there; absent: nobody does. */
  judge: judgeSettingsSchema.optional(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** The work of a `judge` job: a run gets judgements afterwards; no column is asked. */
export const judgingSchema = z.object({
  /** Id of the run. */
  run: z.string().min(1),
  judge: judgeSettingsSchema,
  /** At most so many questions, the first in the run's order; null = all. */
  limit: z.number().int().positive().nullable(),
  concurrency: concurrencySchema,
});
export type Judging = z.infer<typeof judgingSchema>;

/**
 * `refused`: answered that it cannot, or cut by a filter; `empty`: answered with nothing (or nothing was found to ask
 * about); `error` and `timeout`: no answer.
 */
export const itemStateSchema = z.enum(['ok', 'refused', 'empty', 'error', 'timeout']);
export type ItemState = z.infer<typeof itemStateSchema>;

/** Columns of ours beside those asked for. */
export const BASELINE_NAMES = ['bm25', 'copy-sentence', 'empty', 'shuffled-answer', 'gold-chunks'] as const;
export type BaselineName = (typeof BASELINE_NAMES)[number];

/** No rival of the columns, but the most that any retrieval over the same chunks could reach. */
export const CEILING = 'gold-chunks' satisfies BaselineName;

/** A line of `items.jsonl`: one question of one column, finished. */
export const itemResultSchema = z.object({
  v: z.literal(1),
  column: z.string(),
  /** The row's id in the dataset. */
  item: z.string(),
  /** Its place in the run's order, from 0: items end in another one where several are in work at once. */
  place: z.number().int().nonnegative().optional(),
  /** Of question, gold passage and answers: pairs items across runs. */
  content: z.string(),
  contextId: z.string(),
  /** Of everything that determines the answer: question, chunks, rendered prompt, model, sampling. */
  answerKey: z.string(),
  /** Of the answer's key and everything that determines the scores. */
  key: z.string(),
  state: itemStateSchema,
  question: z.string(),
  answers: z.array(z.string()),
  /** Null for a column without an LLM, and when there was no answer. */
  output: z.string().nullable(),
  /** How an LLM ended: at its own end, or at the longest length. */
  finish: z.enum(['stop', 'length', 'filtered']).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** As deep as the metrics look; null without retrieval. */
  retrieved: z.array(z.object({ document: z.string(), text: z.string(), score: z.number() })).nullable(),
  /** How the context was cut to fit, '' if it was not. */
  cut: z.string(),
  scores: z.record(z.string(), z.number().nullable()),
  /** Own metrics that failed at it, with why: their score is missing. */
  missed: z.record(z.string(), z.string()).optional(),
  usage: z.object({ promptTokens: z.number(), completionTokens: z.number() }).nullable(),
  /** What the answer cost; absent or null: no prices of its endpoint were known. */
  cost: costSchema.nullable().optional(),
  timing: z.object({
    retrievalMs: z.number().nullable(),
    firstTokenMs: z.number().nullable(),
    totalMs: z.number().nullable(),
  }),
  /** The run that asked, when this one found it done. */
  reusedFrom: z.string().optional(),
});
export type ItemResult = z.infer<typeof itemResultSchema>;
