import type { Deletion } from '../../../jobs/made.ts';
import { confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { withKb } from '../../kb-client.ts';
import { megabytes } from '../../output.ts';

/** `jobs delete`: says first what goes and what stays. */
export async function remove(
  context: CommandContext,
  [id]: [string],
  { yes, artifacts }: { yes: boolean; artifacts: boolean },
): Promise<undefined> {
  const { out, paths } = context;
  const { deleteJob, isJob } = await import('../../../jobs/registry.ts');
  const { assertUnused, deleteWithMade, planDeletion } = await import('../../../jobs/made.ts');
  if (!isJob(paths, id)) {
    await confirm(context, yes, `Deletes the folder of job ${id}, whose spec cannot be read.`);
    deleteJob(paths, id);
    out.result({ deleted: id }, () => `Deleted ${id}.`);
    return;
  }
  const bases = artifacts ? await withKb(context, (kb) => kb.call('kb.list', {})) : [];
  const plan = await planDeletion(paths, id, bases);
  if (artifacts) assertUnused(plan);
  await confirm(context, yes, deletionText(plan, artifacts));
  if (artifacts) await deleteWithMade(paths, id, bases);
  else deleteJob(paths, id);
  out.result({ deleted: id, plan, artifacts }, () => [
    `Deleted ${id}${artifacts && plan.made ? ` and ${plan.made.name}` : ''}.`,
    ...(artifacts && plan.stays ? [plan.stays] : []),
  ]);
}

function deletionText({ job, logs, made, stays }: Deletion, artifacts: boolean): string {
  const logText = `Deletes job ${job} with its logs (${megabytes(logs.bytes)})`;
  if (!made) return `${logText}.${artifacts && stays ? ` ${stays}.` : ''}`;
  const what = `${made.name} (${megabytes(made.bytes)} in ${made.folder})`;
  if (!artifacts) return `${logText}. What it made stays: ${what}; --artifacts deletes it too.`;
  const also = made.alsoBy.length > 0 ? `, which ${made.alsoBy.join(', ')} worked on too` : '';
  return `${logText} and what it made: ${what}${also}.`;
}
