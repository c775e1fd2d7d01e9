import { z } from 'zod';
import { datasetKindSchema } from './types.ts';

/** What is known of a file before it is imported, for a screen to show. */
export const filePreviewSchema = z.object({
  file: z.string(),
  /** Of a folder: how many files will be read; this is the first. */
  files: z.number().int(),
  bytes: z.number(),
  encoding: z.string(),
  /** `json`, `jsonl`, `csv` (with its delimiter in words where it is no comma) or `parquet`. */
  container: z.string(),
  /** In the order of the file; a field inside an object is `answers.text`. */
  columns: z.array(z.object({ name: z.string(), sample: z.string() })),
  /** The first records, a text for each column. */
  records: z.array(z.object({ line: z.number(), cells: z.array(z.string()), problem: z.string().optional() })),
  /** How it will be read, unless `problem` says why it cannot be. */
  plan: z
    .object({
      format: z.string(),
      kind: datasetKindSchema,
      map: z.record(z.string(), z.string()).optional(),
      detected: z.boolean(),
    })
    .optional(),
  problem: z.object({ message: z.string(), hint: z.string() }).optional(),
  /** A likely map for each kind that the columns can make. */
  maps: z.partialRecord(datasetKindSchema, z.record(z.string(), z.string())),
  /** What the first records become: rows as JSON, and what is wrong with some. */
  rows: z.array(z.object({ line: z.number(), row: z.unknown().optional(), problem: z.string().optional() })),
});
export type FilePreview = z.infer<typeof filePreviewSchema>;
