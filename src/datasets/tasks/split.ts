import { z } from 'zod';
import { splitMethodSchema, splitSchema } from '../types.ts';
import { defineTask } from './define.ts';

export const splitTask = defineTask({
  task: z.object({
    op: z.literal('split'),
    dataset: z.string(),
    method: splitMethodSchema,
    seed: z.number().int().nonnegative(),
    /** Rows, or a share below 1. */
    test: z.number().positive().optional(),
    dev: z.number().positive().optional(),
    name: z.string().optional(),
    /** `context`, `near`, `none` or `field:NAME`. */
    group: z.string().optional(),
    /** Of `stratified`. */
    by: z.string().optional(),
  }),
  result: z.object({ op: z.literal('split'), dataset: z.string(), split: splitSchema }),
  async run({ paths }, { dataset, method, seed, test, dev, name, group, by }) {
    const { splitDataset } = await import('../split.ts');
    const { manifest, split } = await splitDataset(paths, dataset, {
      method,
      seed,
      ...(test === undefined ? {} : { test }),
      ...(dev === undefined ? {} : { dev }),
      ...(name === undefined ? {} : { name }),
      ...(group === undefined ? {} : { group }),
      ...(by === undefined ? {} : { by }),
    });
    return { op: 'split' as const, dataset: manifest.name, split };
  },
});
