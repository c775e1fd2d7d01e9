import { z } from 'zod';
import { severitySchema } from '../doctor/types.ts';
import { defineTask } from './define.ts';

/** Makes fixes of the last check as a new version; or says what they would change (`dryRun`). */
export const fixTask = defineTask({
  task: z.object({
    op: z.literal('fix'),
    dataset: z.string(),
    rules: z.array(z.string()).optional(),
    rows: z.array(z.number().int().nonnegative()).optional(),
    severities: z.array(severitySchema).optional(),
    /** Places of findings in the file, as a page of them has; instead of the above. */
    places: z.array(z.number().int().nonnegative()).optional(),
    dryRun: z.boolean().optional(),
  }),
  result: z.object({
    op: z.literal('fix'),
    dataset: z.string(),
    version: z.string(),
    before: z.string(),
    changed: z.number(),
    dropped: z.number(),
    applied: z.number(),
    left: z.number(),
    examples: z.array(
      z.object({
        row: z.number(),
        rule: z.string(),
        path: z.string().nullable(),
        from: z.string(),
        to: z.string(),
      }),
    ),
  }),
  async run({ paths, onProgress }, { dataset, rules, rows, severities, places, dryRun }) {
    const { applyFixes } = await import('../fix.ts');
    const { manifest, ...report } = await applyFixes(paths, dataset, {
      filter: {
        ...(rules === undefined ? {} : { rules }),
        ...(rows === undefined ? {} : { rows }),
        ...(severities === undefined ? {} : { severities }),
      },
      ...(places === undefined ? {} : { places }),
      ...(dryRun === undefined ? {} : { dryRun }),
      onProgress,
    });
    return {
      op: 'fix' as const,
      dataset: manifest.name,
      version: manifest.version,
      ...report,
      examples: [...report.examples],
    };
  },
});
