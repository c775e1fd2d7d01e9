import { z } from 'zod';
import { defineTask } from './define.ts';

const labelSchema = z.enum(['negative', 'false-negative', 'unsure']);

const estimateSchema = z.object({
  /** All negatives of the version. */
  negatives: z.number(),
  /** As negative or false. */
  labelled: z.number(),
  falseNegatives: z.number(),
  unsure: z.number(),
  share: z.number().nullable(),
  low: z.number(),
  high: z.number(),
});

/** A sample of negatives for a person to judge, and what the labels say so far; with `label`, after that was kept. */
export const reviewTask = defineTask({
  task: z.object({
    op: z.literal('review'),
    dataset: z.string(),
    size: z.number().int().positive(),
    seed: z.number().int().nonnegative(),
    label: z.object({ row: z.number().int(), negative: z.number().int(), label: labelSchema }).nullable().default(null),
  }),
  result: z.object({
    op: z.literal('review'),
    items: z.array(
      z.object({
        row: z.number(),
        negative: z.number(),
        query: z.string(),
        positive: z.string(),
        text: z.string(),
        origin: z
          .object({
            from: z.string(),
            rank: z.number().nullable(),
            score: z.number().nullable(),
            measured: z.number().nullable(),
          })
          .nullable(),
        label: labelSchema.nullable(),
      }),
    ),
    estimate: estimateSchema,
  }),
  async run({ paths }, { dataset, size, seed, label }) {
    const { estimateFalseNegatives, recordLabel, sampleForReview } = await import('../negatives/review.ts');
    if (label) recordLabel(paths, dataset, label);
    const items = await sampleForReview(paths, dataset, { size, seed });
    return { op: 'review' as const, items, estimate: await estimateFalseNegatives(paths, dataset) };
  },
});

/** What an audit has set apart, page by page. */
export const quarantineTask = defineTask({
  task: z.object({
    op: z.literal('quarantine'),
    dataset: z.string(),
    offset: z.number().int().nonnegative().default(0),
    limit: z.number().int().positive().max(1000).default(200),
  }),
  result: z.object({
    op: z.literal('quarantine'),
    total: z.number(),
    byRule: z.record(z.string(), z.number()),
    entries: z.array(
      z.object({
        row: z.number(),
        query: z.string(),
        text: z.string(),
        from: z.string(),
        rank: z.number().nullable(),
        score: z.number().nullable(),
        reasons: z.array(z.object({ rule: z.string(), detail: z.string() })),
      }),
    ),
  }),
  async run({ paths }, { dataset, offset, limit }) {
    const { readQuarantine } = await import('../negatives/review.ts');
    return { op: 'quarantine' as const, ...readQuarantine(paths, dataset, { offset, limit }) };
  },
});

/** A version without the negatives that were labelled as false. */
export const dropFalseTask = defineTask({
  task: z.object({ op: z.literal('drop-false'), dataset: z.string() }),
  result: z.object({ op: z.literal('drop-false'), dropped: z.number(), rows: z.number(), version: z.string() }),
  async run({ paths }, { dataset }) {
    const { dropFalseNegatives } = await import('../negatives/review.ts');
    const made = await dropFalseNegatives(paths, dataset, new AbortController().signal);
    return { op: 'drop-false' as const, dropped: made.dropped, rows: made.rows, version: made.manifest.version };
  },
});
