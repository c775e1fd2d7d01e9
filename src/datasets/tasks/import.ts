import { z } from 'zod';
import { datasetKindSchema } from '../types.ts';
import { defineTask } from './define.ts';

const SHOWN_PROBLEMS = 20;

export const importTask = defineTask({
  task: z.object({
    op: z.literal('import'),
    file: z.string(),
    format: z.string(),
    kind: datasetKindSchema.optional(),
    name: z.string().optional(),
  }),
  result: z.object({
    op: z.literal('import'),
    dataset: z.string(),
    rows: z.number(),
    added: z.boolean(),
    skipped: z.number(),
    warnings: z.number(),
    /** The first few, in words. */
    problems: z.array(z.string()),
  }),
  async run({ paths, onProgress }, { file, format, kind, name }) {
    const { importDataset } = await import('../import.ts');
    const report = await importDataset(paths, file, {
      format,
      ...(kind === undefined ? {} : { kind }),
      ...(name === undefined ? {} : { name }),
      onProgress: ({ bytes, total, rows }) => onProgress({ done: bytes, total, rows }),
    });
    const { manifest, added, skipped, warnings, problems } = report;
    const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ line, message }) => `${line}: ${message}`);
    return {
      op: 'import' as const,
      dataset: manifest.name,
      rows: manifest.rows,
      added,
      skipped,
      warnings,
      problems: shown,
    };
  },
});
