import { z } from 'zod';
import { filePreviewSchema } from '../preview.ts';
import { datasetKindSchema } from '../types.ts';
import { defineTask } from './define.ts';

/** What is in a file and what it would become, before it is imported. */
export const previewTask = defineTask({
  task: z.object({
    op: z.literal('preview'),
    file: z.string(),
    format: z.string().optional(),
    kind: datasetKindSchema.optional(),
    map: z.record(z.string(), z.string()).optional(),
  }),
  result: z.object({ op: z.literal('preview'), preview: filePreviewSchema }),
  async run(_, { file, format, kind, map }) {
    const { previewFile } = await import('../preview-file.ts');
    const preview = await previewFile(file, {
      ...(format === undefined ? {} : { format }),
      ...(kind === undefined ? {} : { kind }),
      ...(map === undefined ? {} : { map }),
    });
    return { op: 'preview' as const, preview };
  },
});
