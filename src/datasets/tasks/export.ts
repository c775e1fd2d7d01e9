import { z } from 'zod';
import { defineTask } from './define.ts';

export const exportTask = defineTask({
  task: z.object({
    op: z.literal('export'),
    dataset: z.string(),
    part: z.string(),
    to: z.enum(['llamafactory', 'flagembedding']),
    out: z.string(),
  }),
  result: z.object({ op: z.literal('export'), rows: z.number(), omitted: z.number(), file: z.string() }),
  async run({ paths }, task) {
    const { openDataset } = await import('../open.ts');
    const dataset = openDataset(paths, task.dataset);
    const part = task.part === 'all' ? undefined : task.part;
    if (task.to === 'llamafactory') {
      const { exportLlamaFactory } = await import('../export-llamafactory.ts');
      const { rows, omitted, rowsFile } = await exportLlamaFactory(dataset, part, task.out);
      return { op: 'export' as const, rows, omitted, file: rowsFile };
    }
    const { exportFlagEmbedding } = await import('../export-flagembedding.ts');
    const { bgeInstruction } = await import('../instructions.ts');
    const instruction = dataset.kind === 'qa' ? bgeInstruction(dataset) : '';
    const { rows, omitted, file } = await exportFlagEmbedding(dataset, part, task.out, { instruction });
    return { op: 'export' as const, rows, omitted, file };
  },
});
