import { z } from 'zod';
import { sftTemplateSchema } from '../making/types.ts';
import { defineTask } from './define.ts';

/** One row as a model reads it: for a preview that follows the cursor. */
export const renderTask = defineTask({
  task: z.object({
    op: z.literal('render'),
    dataset: z.string(),
    row: z.number().int().nonnegative(),
    /** Model, adapter or folder; null: messages alone. */
    model: z.string().nullable(),
    /** A prompt by name or a file; null: `template` as it stands. */
    prompt: z.string().nullable().default(null),
    template: sftTemplateSchema.default({ name: 'sft', text: null }),
    markers: z.string().nullable().default(null),
    /** JSON Schema as text. */
    schema: z.string().nullable().default(null),
  }),
  result: z.object({
    op: z.literal('render'),
    messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })),
    rendered: z
      .object({
        prompt: z.string(),
        target: z.string(),
        promptTokens: z.number(),
        targetTokens: z.number(),
        /** False: estimated. */
        exact: z.boolean(),
        source: z.enum(['gguf', 'transformers']),
      })
      .nullable(),
  }),
  async run({ paths }, { dataset, row, model, prompt, template, markers, schema }) {
    const { previewRow } = await import('../making/preview-row.ts');
    const { chooseTemplate } = await import('../making/template.ts');
    const chosen = prompt === null ? template : chooseTemplate(paths, prompt);
    const form = { template: chosen, markers, schema };
    return { op: 'render' as const, ...(await previewRow(paths, { dataset, row, model, form })) };
  },
});
