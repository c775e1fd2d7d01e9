import { z } from 'zod';
import type { JobView, JobWork } from '../../../jobs/types.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CommandContext } from '../../context.ts';
import { jobJson, workLines } from '../../job-text.ts';

export const cloneOptions = z.object({
  set: z.array(z.string()).default([]),
  allowOversize: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
export const retryOptions = z.object({ nextRung: z.boolean().default(false), dryRun: z.boolean().default(false) });

async function again(
  context: CommandContext,
  id: string,
  begin: (paths: CommandContext['paths'], id: string) => Promise<JobView>,
): Promise<undefined> {
  const view = await begin(context.paths, id);
  const follow = `Follow it: ragtui jobs logs -f ${view.spec.id}`;
  context.out.result({ job: jobJson(view) }, () => `Started ${view.spec.id}. ${follow}`);
}

/** `jobs resume`. */
export async function resume(context: CommandContext, [id]: [string]): Promise<undefined> {
  const { resumeJob } = await import('../../../jobs/control.ts');
  return again(context, id, resumeJob);
}

/** `jobs retry`. */
export async function retry(
  context: CommandContext,
  [id]: [string],
  { nextRung, dryRun }: z.output<typeof retryOptions>,
): Promise<undefined> {
  const { out, paths, signal } = context;
  const { readJob } = await import('../../../jobs/registry.ts');
  const { work } = readJob(paths, id).spec;
  if (!nextRung) {
    if (dryRun) return wouldStart(out, work);
    const { retryJob } = await import('../../../jobs/control.ts');
    return again(context, id, retryJob);
  }
  const { isTrainingWork } = await import('../../../training/forecast/final-settings.ts');
  const { nextRungOf } = await import('../../../training/forecast/next-rung.ts');
  const { rungText } = await import('../../../training/forecast/rung-text.ts');
  if (!isTrainingWork(work)) {
    throw new RagtuiError('usage', `${id} is no training.`, 'Leave out --next-rung.');
  }
  const rung = await nextRungOf(paths, work, signal);
  if (!rung) {
    throw new RagtuiError('unavailable', 'Nothing is left to change that needs less memory.', 'Take a smaller base.');
  }
  out.note(`Next rung: ${rungText(rung)}`);
  return startChanged(context, { id, changes: rung.changes, dryRun, oversize: true });
}

/** `jobs clone`. */
export async function clone(
  context: CommandContext,
  [id]: [string],
  { set, dryRun, allowOversize }: z.output<typeof cloneOptions>,
): Promise<undefined> {
  const { parseChanges } = await import('../../../jobs/clone.ts');
  return startChanged(context, { id, changes: parseChanges(set), dryRun, oversize: allowOversize });
}

interface ChangedStart {
  readonly id: string;
  readonly changes: Readonly<Record<string, string | number | boolean>>;
  readonly dryRun: boolean;
  readonly oversize: boolean;
}

/** Starts a job like `id` with changes, or says what it would be. */
async function startChanged(
  context: CommandContext,
  { id, changes, dryRun, oversize }: ChangedStart,
): Promise<undefined> {
  const { out, paths } = context;
  const { readJob } = await import('../../../jobs/registry.ts');
  const { changedWork } = await import('../../../jobs/clone.ts');
  const { readyWork } = await import('../../../jobs/ready.ts');
  const { spec } = readJob(paths, id);
  const options = { named: 'name' in changes, oversize: oversize || dryRun };
  const work = readyWork(paths, changedWork(spec.work, changes), options);
  if (dryRun) return wouldStart(out, work);
  const { launchJob } = await import('../../../jobs/launcher.ts');
  return again(context, id, () => launchJob(paths, work));
}

function wouldStart(out: CommandContext['out'], work: JobWork): undefined {
  out.result({ work }, () => [`Would start a job of kind ${work.kind}:`, ...workLines(work)]);
}
