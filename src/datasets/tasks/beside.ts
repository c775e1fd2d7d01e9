import { z } from 'zod';
import { defineTask } from './define.ts';

/** Files that are kept with a version: which ones there are, and one page of one of them. */
export const besideTask = defineTask({
  task: z.object({
    op: z.literal('beside'),
    dataset: z.string(),
    /** `rejected`: of LLMs and schemas; `augmentation`: what was done to which row; `mining`: a line for each row; `pairs`: where pairs came from. */
    file: z.enum(['rejected', 'augmentation', 'mining', 'pairs', 'quarantine']),
    offset: z.number().int().nonnegative().default(0),
    limit: z.number().int().positive().max(1000).default(200),
  }),
  result: z.object({
    op: z.literal('beside'),
    /** Lines in all; 0 when there is no such file. */
    total: z.number(),
    lines: z.array(z.record(z.string(), z.unknown())),
  }),
  async run({ paths }, { dataset, file, offset, limit }) {
    const { openDataset } = await import('../open.ts');
    const { readBeside } = await import('../making/beside.ts');
    return { op: 'beside' as const, ...readBeside(openDataset(paths, dataset).folder, file, { offset, limit }) };
  },
});
