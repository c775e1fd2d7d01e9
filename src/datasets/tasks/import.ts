import { z } from 'zod';
import { datasetKindSchema } from '../types.ts';
import { defineTask } from './define.ts';

const SHOWN_PROBLEMS = 20;

export const importTask = defineTask({
  task: z.object({
    op: z.literal('import'),
    /** A file, a folder, or `hub:owner/name`. */
    file: z.string(),
    /** Absent: found by the content. */
    format: z.string().optional(),
    kind: datasetKindSchema.optional(),
    /** Of any table: which column is which field. */
    map: z.record(z.string(), z.string()).optional(),
    name: z.string().optional(),
    /** Of a hub dataset. */
    split: z.string().optional(),
    subset: z.string().optional(),
  }),
  result: z.object({
    op: z.literal('import'),
    dataset: z.string(),
    rows: z.number(),
    added: z.boolean(),
    format: z.string(),
    /** Whether the format was found rather than named. */
    detected: z.boolean(),
    skipped: z.number(),
    warnings: z.number(),
    /** The first few, in words. */
    problems: z.array(z.string()),
  }),
  async run({ paths, onProgress }, { file, format, kind, map, name, split, subset }) {
    const { importDataset } = await import('../import.ts');
    const { problemLine } = await import('../problem-line.ts');
    const report = await importDataset(paths, file, {
      ...(format === undefined ? {} : { format }),
      ...(kind === undefined ? {} : { kind }),
      ...(map === undefined ? {} : { map }),
      ...(name === undefined ? {} : { name }),
      hub: { ...(split === undefined ? {} : { split }), ...(subset === undefined ? {} : { subset }) },
      onProgress: ({ bytes, total, rows }) => onProgress({ done: bytes, total, rows }),
    });
    const { manifest, added, detected, skipped, warnings, problems } = report;
    const told = { added, format: report.format, detected, skipped, warnings };
    const shown = problems.slice(0, SHOWN_PROBLEMS).map(problemLine);
    return { op: 'import' as const, dataset: manifest.name, rows: manifest.rows, ...told, problems: shown };
  },
});
