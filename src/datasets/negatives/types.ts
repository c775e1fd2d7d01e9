import { z } from 'zod';

/** A passage of the pool by its place in it, and its score. */
export interface Scored {
  readonly at: number;
  readonly score: number;
}

const auditRuleSchema = z.enum([
  'same-text',
  'near-duplicate',
  'contains',
  'answer',
  'margin',
  'score',
  'reranker',
  'judge',
]);

/** Why a passage may answer the question after all. */
export const reasonSchema = z.object({
  rule: auditRuleSchema,
  /** In words, with the numbers it rests on. */
  detail: z.string(),
});
export type Reason = z.infer<typeof reasonSchema>;

/** Where a negative came from: `bm25`, the id of an embedder, `random`, `fill` (chance instead of another source), `existing`. */
const originSchema = z.object({
  from: z.string(),
  /** Among the passages that are not the row's own, from 1; null for chance. */
  rank: z.number().int().nullable(),
  /** By the source; null for chance. */
  score: z.number().nullable(),
});

/** A line of `mining.jsonl` beside the rows: where the negatives of this row came from, in their order. */
export const minedSchema = z.object({
  row: z.number().int(),
  /** Of the measuring embedder: cosine of the question with the positive, and with each negative; null: not measured. */
  positive: z.number().nullable(),
  negatives: z.array(originSchema.extend({ measured: z.number().nullable() })),
});
export type Mined = z.infer<typeof minedSchema>;

/** A line of `quarantine.jsonl` beside the rows: a negative that was set apart. */
export const quarantinedSchema = originSchema.extend({
  row: z.number().int(),
  query: z.string(),
  text: z.string(),
  reasons: z.array(reasonSchema).min(1),
});
export type Quarantined = z.infer<typeof quarantinedSchema>;

export const MINING_FILE = 'mining.jsonl';
export const QUARANTINE_FILE = 'quarantine.jsonl';
