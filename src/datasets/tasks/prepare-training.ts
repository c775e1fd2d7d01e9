import { z } from 'zod';
import { preparedSchema } from '../preparing/types.ts';
import { defineTask } from './define.ts';

/** A dataset of the workspace on the whole way to files that engines train on: see `preparing/prepare.ts`. */
export const prepareTrainingTask = defineTask({
  task: z.object({ op: z.literal('prepare-training'), dataset: z.string(), out: z.string() }),
  result: z.object({ op: z.literal('prepare-training'), dataset: z.string(), prepared: preparedSchema }),
  async run({ paths, onProgress }, { dataset, out }) {
    const { prepareDataset } = await import('../preparing/prepare.ts');
    const prepared = await prepareDataset(paths, dataset, out, {
      onProgress: ({ done, total }) => onProgress({ done, total, rows: 0 }),
    });
    return { op: 'prepare-training' as const, dataset: prepared.dataset, prepared };
  },
});
