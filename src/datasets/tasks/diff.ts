import { z } from 'zod';
import { defineTask } from './define.ts';

/** What differs between two versions: counts, and which rows. Their texts are read by number. */
export const diffTask = defineTask({
  task: z.object({
    op: z.literal('diff'),
    dataset: z.string(),
    before: z.string(),
    after: z.string(),
    /** So many changes are listed. */
    most: z.number().int().positive().default(2000),
  }),
  result: z.object({
    op: z.literal('diff'),
    dataset: z.string(),
    before: z.string(),
    after: z.string(),
    same: z.number(),
    changed: z.number(),
    added: z.number(),
    removed: z.number(),
    reordered: z.boolean(),
    changes: z.array(
      z.object({
        kind: z.enum(['changed', 'added', 'removed']),
        before: z.number().nullable(),
        after: z.number().nullable(),
        title: z.string(),
      }),
    ),
  }),
  async run({ paths, onProgress }, { dataset, before, after, most }) {
    const { openDataset } = await import('../open.ts');
    const { diffVersions } = await import('../view/diff-versions.ts');
    const [old, now] = [
      openDataset(paths, dataset, { version: before }),
      openDataset(paths, dataset, { version: after }),
    ];
    const found = await diffVersions(old, now, {
      most,
      onProgress: (done, total) => onProgress({ done, total, rows: done }),
    });
    return { op: 'diff' as const, dataset, before, after, ...found, changes: [...found.changes] };
  },
});
