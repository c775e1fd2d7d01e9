import { z } from 'zod';
import type { Metric, ScoredItem } from '../metrics/types.ts';

/** A metric of the person's own, as runs and screens know it without its code. */
export const ownMetricSchema = z.object({
  name: z.string(),
  kind: z.enum(['answer', 'retrieval']),
  /** Of the file's content: 12 hex digits. */
  version: z.string(),
  /** Null: no bound. */
  range: z.tuple([z.number().nullable(), z.number().nullable()]),
  unit: z.string().optional(),
  direction: z.enum(['higher', 'lower']),
  binary: z.boolean(),
  blindTo: z.string(),
  depth: z.number().int().optional(),
  file: z.string(),
});
export type OwnMetric = z.infer<typeof ownMetricSchema>;

/** What is in the folder: the metrics that can be used, and one line for each file that cannot. */
export const ownMetricsSchema = z.object({
  metrics: z.array(ownMetricSchema),
  problems: z.array(z.object({ file: z.string(), message: z.string() })),
});
export type OwnMetrics = z.infer<typeof ownMetricsSchema>;

/** What a file in the folder must export as its default. */
export const ownMetricShape = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, 'small letters, digits and "-", 2 to 40 of them'),
  kind: z.enum(['answer', 'retrieval'], 'answer or retrieval').default('answer'),
  range: z
    .tuple([z.number().nullable(), z.number().nullable()], '[lowest, highest], null for no bound')
    .default([0, 1]),
  unit: z.string().min(1).max(24).optional(),
  direction: z.enum(['higher', 'lower'], 'higher or lower, whichever is better'),
  binary: z.boolean('true or false').default(false),
  blindTo: z.string('a sentence on what it cannot see').min(1, 'a sentence on what it cannot see'),
  depth: z.number().int().min(1).max(100).optional(),
  score: z.custom<(item: ScoredItem) => unknown>((value) => typeof value === 'function', 'a function of an item'),
});

/** A metric without its code: what tables and reports need of it. */
export function describedMetric({ file: _, range: [low, high], unit, depth, ...metric }: OwnMetric): Metric {
  return {
    ...metric,
    range: [low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY],
    ...(unit === undefined ? {} : { unit }),
    ...(depth === undefined ? {} : { depth }),
    score: () => null,
  };
}
