import { z } from 'zod';
import { defineTask } from './define.ts';

/** Which rows a filter lets through, in which order: their numbers as 4-byte integers in a file that the caller removes. */
export const viewTask = defineTask({
  task: z.object({
    op: z.literal('view'),
    dataset: z.string(),
    version: z.string(),
    part: z.string(),
    filter: z.string(),
    sort: z.object({ column: z.string(), descending: z.boolean() }).nullable(),
    out: z.string(),
  }),
  result: z.object({ op: z.literal('view'), rows: z.number(), file: z.string() }),
  async run({ paths, onProgress }, { dataset, version, part, filter, sort, out }) {
    const { openDataset } = await import('../open.ts');
    const { rowOrder } = await import('../view/order.ts');
    const { writeFileSync } = await import('node:fs');
    const opened = openDataset(paths, dataset, { version });
    const order = await rowOrder(
      opened,
      { part, filter, sort },
      { onProgress: (done, total) => onProgress({ done, total, rows: done }) },
    );
    writeFileSync(out, order, { mode: 0o600 });
    return { op: 'view' as const, rows: order.length, file: out };
  },
});
