import { z } from 'zod';
import { defineTask } from './define.ts';

/** The contexts of a part as a file that an ingest reads. */
export const contextsTask = defineTask({
  task: z.object({ op: z.literal('contexts'), dataset: z.string(), part: z.string() }),
  result: z.object({ op: z.literal('contexts'), file: z.string(), documents: z.number() }),
  async run({ paths }, task) {
    const { openQaDataset } = await import('../open.ts');
    const { writeContexts } = await import('../contexts.ts');
    const dataset = openQaDataset(paths, task.dataset);
    return { op: 'contexts' as const, ...(await writeContexts(dataset, task.part === 'all' ? undefined : task.part)) };
  },
});
