import { z } from 'zod';
import { checkSummarySchema } from '../doctor/types.ts';
import { defineTask } from './define.ts';

/** Looks a dataset over; the findings lie beside its rows then (`lastFindings`). */
export const checkTask = defineTask({
  task: z.object({
    op: z.literal('check'),
    dataset: z.string(),
    split: z.string().optional(),
    also: z.array(z.string()).optional(),
    only: z.array(z.string()).optional(),
    model: z.string().optional(),
    cutoff: z.number().int().positive().optional(),
    /** `NAME[@VERSION][:PART]`; and ids of evaluations. */
    against: z.array(z.string()).optional(),
    runs: z.array(z.string()).optional(),
    afresh: z.boolean().optional(),
  }),
  result: z.object({ op: z.literal('check'), dataset: z.string(), reused: z.boolean(), summary: checkSummarySchema }),
  async run({ paths, onProgress }, { dataset, split, also, only, model, cutoff, against = [], runs = [], afresh }) {
    const { checkDataset } = await import('../doctor/check.ts');
    const { runReference } = await import('../doctor/reference.ts');
    const { findings, reused } = await checkDataset(paths, dataset, {
      ...(split === undefined ? {} : { split }),
      ...(also === undefined ? {} : { also }),
      ...(only === undefined ? {} : { only }),
      ...(model === undefined ? {} : { model }),
      ...(cutoff === undefined ? {} : { cutoff }),
      ...(afresh === undefined ? {} : { afresh }),
      against: [...against, ...runs.map((id) => runReference(paths, id))],
      onProgress: ({ done, total, findings: found }) => onProgress({ done, total, rows: found }),
    });
    return { op: 'check' as const, dataset: findings.summary.dataset, reused, summary: findings.summary };
  },
});
