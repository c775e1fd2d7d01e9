import { z } from 'zod';
import { type Made, type Making, madeSchema } from '../datasets/making/types.ts';
import type { CommandContext } from './context.ts';
import { jobJson } from './job-text.ts';
import { jobToEnd } from './job-to-end.ts';
import { needModels } from './need-models.ts';

/** Options of every command that makes data in a job. */
export const makingOptions = z.object({
  wait: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  pull: z.boolean().default(true),
});
export type MakingOptions = z.output<typeof makingOptions>;

export interface Planned {
  readonly making: Making;
  /** Models that must be on this disk. */
  readonly models: readonly string[];
  /** What `--dry-run` says more. */
  readonly plan: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** Starts the job, or shows what would run; with `--wait` stays until it ends. */
export async function startMaking(context: CommandContext, planned: Planned, options: MakingOptions): Promise<number> {
  const { out, paths } = context;
  const { making, models, plan, lines } = planned;
  if (options.dryRun) {
    out.result({ kind: 'make-data', making, plan }, () => lines);
    return 0;
  }
  await needModels(context, models, options.pull);
  const { launchJob } = await import('../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../platform/paths.ts');
  ensureWorkspace(paths);
  const job = await launchJob(paths, { kind: 'make-data', making });
  if (!options.wait) {
    out.result({ job: jobJson(job) }, () => `Started ${job.spec.id}. Follow it: ragtui jobs logs -f ${job.spec.id}`);
    return 0;
  }
  let made: Made | undefined;
  return jobToEnd(context, job, {
    onEvent: (event) => {
      if (event.type === 'artifact' && event.name === 'dataset') made = madeSchema.safeParse(event.data).data;
    },
    done: () => (made ? madeLines(made) : []),
  });
}

function madeLines({ dataset, version, rows, added, counts, notes, usage, cost }: Made): string[] {
  const price = cost ? `, ${cost.amount.toFixed(4)} ${cost.currency}` : '';
  const tokens = `${usage.promptTokens} + ${usage.completionTokens} tokens`;
  return [
    added
      ? `Made ${dataset} ${version}: ${rows} rows.`
      : `${dataset} ${version} already has exactly these ${rows} rows.`,
    ...Object.entries(counts).map(([name, count]) => `  ${name}: ${count}`),
    ...notes.map((note) => `  ${note}`),
    ...(usage.requests > 0 ? [`  asked ${usage.requests} times, ${tokens}${price}`] : []),
  ];
}
