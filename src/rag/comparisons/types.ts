import { z } from 'zod';
import { hitSchema } from '../../kb/types.ts';
import { answerSchema, columnSchema, messageSchema, streamTimingSchema } from '../types.ts';

export const choiceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('column'), column: z.string() }),
  z.object({ kind: z.literal('tie') }),
  z.object({ kind: z.literal('neither') }),
]);
export type Choice = z.infer<typeof choiceSchema>;

/** What was preferred: columns by name; `tie` all alike, `neither` none is any good. */
export const voteSchema = z.object({
  /** Id of the comparison. */
  comparison: z.number().int().positive(),
  at: z.string(),
  /** Whether names were hidden and columns shuffled while the person read. */
  blind: z.boolean(),
  /** What shuffled them (`blindOrder`); null when they stood as they were asked. */
  seed: z.number().int().nullable().default(null),
  /** Names of the columns in the order in which they were shown. */
  shown: z.array(z.string()).min(2).max(6),
  choice: choiceSchema,
});
export type Vote = z.infer<typeof voteSchema>;

/** What a column without an answer had found, sent and heard until it failed or was cut. */
export const gatheredSchema = z.object({
  hits: z.array(hitSchema),
  messages: z.array(messageSchema),
  reasoning: z.string().default(''),
  stream: streamTimingSchema.optional(),
});
export type Gathered = z.infer<typeof gatheredSchema>;

/** One column of a stored comparison: all that its answer came from. */
export const comparedColumnSchema = z.object({
  column: columnSchema,
  state: z.enum(['ok', 'empty', 'failed', 'cancelled']),
  answer: answerSchema.nullable(),
  /** What had come until it failed. */
  partial: z.string().default(''),
  /** Set when there is no answer. */
  gathered: gatheredSchema.nullable().default(null),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable().default(null),
  /** Scores of the answer where a reference is known; null where a metric does not apply. */
  metrics: z.record(z.string(), z.number().nullable()).default({}),
  /** What answered: engine, address without keys, model as the server calls it, digest of its weights where known. */
  server: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type ComparedColumn = z.infer<typeof comparedColumnSchema>;

/** What a knowledge base held when it was asked: the same revision finds the same. */
export const kbStateSchema = z.object({
  revision: z.string(),
  documents: z.number().int(),
  /** Fingerprint of each embedder; null before its first ingest. */
  embedders: z.record(z.string(), z.string().nullable()),
});
export type KbState = z.infer<typeof kbStateSchema>;

/** A comparison as history keeps it (`comparisons.*` of the kb service). */
export const comparisonRecordSchema = z.object({
  format: z.literal(1),
  question: z.string(),
  kb: z.string(),
  order: z.object({ mode: z.enum(['rotate', 'together']), sequence: z.array(z.string()) }),
  /** What columns with `context=gold` read. */
  passage: z.string().nullable().default(null),
  /** Answers known to be right; empty when none is known. */
  references: z.array(z.string()).default([]),
  /** Where the question came from: `dataset NAME vVERSION row 12`; '' = typed. */
  source: z.string().default(''),
  columns: z.array(comparedColumnSchema),
  /** Null when the knowledge base was not there. */
  kbState: kbStateSchema.nullable().default(null),
  /** `ended` when every column did; `cut` when the process was stopped in the middle; `running` only in answers. */
  state: z.enum(['ended', 'cut', 'running']),
  programVersion: z.string(),
});
export type ComparisonRecord = z.infer<typeof comparisonRecordSchema>;

/** A record with its place in history. */
export const keptComparisonSchema = comparisonRecordSchema.extend({
  id: z.number().int().positive(),
  at: z.string(),
  votes: z.array(voteSchema).default([]),
});
export type KeptComparison = z.infer<typeof keptComparisonSchema>;

/** Columns saved under a name, to be asked again. */
export const columnSetSchema = z.object({
  name: z.string().min(1).max(60),
  columns: z.array(columnSchema).min(1).max(6),
});
export type ColumnSet = z.infer<typeof columnSetSchema>;

/** A comparison that begins: its columns are kept one by one as they end (`comparisons.column`). */
export const comparisonHeadSchema = comparisonRecordSchema
  .omit({ columns: true, state: true, kbState: true })
  .extend({ columns: z.array(columnSchema).min(1).max(6) });
export type ComparisonHead = z.infer<typeof comparisonHeadSchema>;

/** A row of the history: light, without answers. */
export const comparisonSummarySchema = z.object({
  id: z.number().int().positive(),
  at: z.string(),
  question: z.string(),
  kb: z.string(),
  state: comparisonRecordSchema.shape.state,
  /** `open`: not ended (yet). */
  columns: z.array(
    z.object({
      name: z.string(),
      llm: z.string(),
      state: z.enum(['open', ...comparedColumnSchema.shape.state.options]),
    }),
  ),
  vote: choiceSchema.nullable(),
});
export type ComparisonSummary = z.infer<typeof comparisonSummarySchema>;

/** What the board needs of a comparison that was voted on. */
export const votedComparisonSchema = z.object({
  vote: voteSchema,
  question: z.string(),
  kb: z.string(),
  columns: z.array(
    z.object({
      column: columnSchema,
      state: comparedColumnSchema.shape.state,
      /** The embedder that was really asked; null = none. */
      embedder: z.string().nullable(),
      /** Digest of the LLM's weights, where known. */
      digest: z.string().nullable(),
    }),
  ),
});
export type VotedComparison = z.infer<typeof votedComparisonSchema>;
