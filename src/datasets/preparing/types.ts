import { z } from 'zod';
import { forecastSchema, leakCountSchema } from '../doctor/types.ts';
import { datasetKindSchema, splitSchema } from '../types.ts';

/** Whom the files are for: LLaMA-Factory trains the LLM, FlagEmbedding the embedder. */
export const targetSchema = z.enum(['llm', 'embedder']);
export type Target = z.infer<typeof targetSchema>;

const countsSchema = z.object({ error: z.number().int(), warning: z.number().int(), info: z.number().int() });

/** What became of a source on its way to files that engines train on. */
export const preparedSchema = z.object({
  dataset: z.string(),
  version: z.string(),
  kind: datasetKindSchema,
  /** Null for a dataset that was here already. */
  imported: z
    .object({ format: z.string(), rows: z.number().int(), skipped: z.number().int(), warnings: z.number().int() })
    .nullable(),
  /** Findings of the first check. */
  found: countsSchema,
  /** Rows corrected and rows dropped because of errors; null without `fix`. */
  fixed: z.object({ changed: z.number().int(), dropped: z.number().int() }).nullable(),
  split: splitSchema,
  /** Rows of the other parts that have something in common with `train`: as it was split, and as it is exported. */
  leaksBefore: z.array(leakCountSchema),
  /** Training rows that went because of them. */
  leaksDropped: z.number().int(),
  leaks: z.array(leakCountSchema),
  /** Findings that are left, for a person to look at. */
  left: countsSchema,
  forecasts: z.array(forecastSchema),
  /** The retrieval dataset that was made for the embedder, and how many negatives its audit set apart. */
  retrieval: z
    .object({ dataset: z.string(), version: z.string(), rows: z.number().int(), quarantined: z.number().int() })
    .nullable(),
  files: z.array(
    z.object({
      target: targetSchema,
      part: z.string(),
      rows: z.number().int(),
      omitted: z.number().int(),
      file: z.string(),
      notes: z.array(z.string()),
    }),
  ),
});
export type Prepared = z.infer<typeof preparedSchema>;
