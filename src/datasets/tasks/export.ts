import { z } from 'zod';
import { defineTask } from './define.ts';

export const exportTask = defineTask({
  task: z.object({
    op: z.literal('export'),
    dataset: z.string(),
    part: z.string(),
    /** An exporter's id: see `src/datasets/exporters/registry.ts`. */
    to: z.string(),
    out: z.string(),
    negatives: z.number().int().positive().optional(),
    seed: z.number().int().nonnegative().optional(),
    instruction: z.string().optional(),
    /** For rows without a system text; null leaves them without. */
    system: z.string().nullable().optional(),
    spreadsheet: z.boolean().optional(),
  }),
  result: z.object({
    op: z.literal('export'),
    rows: z.number(),
    omitted: z.number(),
    file: z.string(),
    files: z.array(z.string()),
    /** What a person should know, in English. */
    notes: z.array(z.string()),
  }),
  async run({ paths }, { op: _, dataset: name, part, to, out, negatives, seed, instruction, system, spreadsheet }) {
    const { openDataset } = await import('../open.ts');
    const { exportDataset } = await import('../exporters/registry.ts');
    const dataset = openDataset(paths, name);
    const { rows, omitted, file, files, notes } = await exportDataset(
      dataset,
      to,
      part === 'all' ? undefined : part,
      out,
      {
        ...(negatives === undefined ? {} : { negatives }),
        ...(seed === undefined ? {} : { seed }),
        ...(instruction === undefined ? {} : { instruction }),
        ...(system === undefined ? {} : { system }),
        ...(spreadsheet === undefined ? {} : { spreadsheet }),
      },
    );
    return { op: 'export' as const, rows, omitted, file, files: [...files], notes: [...notes] };
  },
});
