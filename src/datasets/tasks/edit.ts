import { z } from 'zod';
import { defineTask } from './define.ts';

/** Rows changed or left out by hand, as a new version. */
export const editTask = defineTask({
  task: z.object({
    op: z.literal('edit'),
    dataset: z.string(),
    /** The version that was on screen. */
    version: z.string(),
    drop: z.array(z.number().int().nonnegative()).default([]),
    set: z.array(z.object({ row: z.number().int().nonnegative(), value: z.unknown() })).default([]),
  }),
  result: z.object({
    op: z.literal('edit'),
    dataset: z.string(),
    version: z.string(),
    changed: z.number(),
    dropped: z.number(),
  }),
  async run({ paths, onProgress }, { dataset, version, drop, set }) {
    const { editRows } = await import('../edit.ts');
    const { manifest, changed, dropped } = await editRows(paths, dataset, { version, drop, set, onProgress });
    return { op: 'edit' as const, dataset: manifest.name, version: manifest.version, changed, dropped };
  },
});
