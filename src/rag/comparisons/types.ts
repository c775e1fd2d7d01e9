import { z } from 'zod';
import { answerSchema, columnSchema } from '../types.ts';

/** What was preferred: columns by name; `tie` all alike, `neither` none is any good. */
export const voteSchema = z.object({
  /** Id of the comparison. */
  comparison: z.number().int().positive(),
  at: z.string(),
  /** Whether names were hidden and columns shuffled while the person read. */
  blind: z.boolean(),
  /** Names of the columns in the order in which they were shown. */
  shown: z.array(z.string()),
  choice: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('column'), column: z.string() }),
    z.object({ kind: z.literal('tie') }),
    z.object({ kind: z.literal('neither') }),
  ]),
});
export type Vote = z.infer<typeof voteSchema>;

/** One column of a stored comparison: all that its answer came from. */
export const comparedColumnSchema = z.object({
  column: columnSchema,
  state: z.enum(['ok', 'empty', 'failed', 'cancelled']),
  answer: answerSchema.nullable(),
  /** What had come until it failed. */
  partial: z.string().default(''),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable().default(null),
  /** Scores of the answer where a reference is known; null where a metric does not apply. */
  metrics: z.record(z.string(), z.number().nullable()).default({}),
  /** What answered: engine, address without keys, model as the server calls it, digest of its weights where known. */
  server: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type ComparedColumn = z.infer<typeof comparedColumnSchema>;

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
  /** `ended` when every column did; `cut` when the process was stopped in the middle. */
  state: z.enum(['ended', 'cut']),
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
