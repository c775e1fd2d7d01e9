import type { JobView } from '../../../jobs/types.ts';
import type { CommandContext } from '../../context.ts';
import { toItsEnd } from '../../eval-follow.ts';
import { EXIT } from '../../exit-codes.ts';
import { jobJson } from '../../job-text.ts';
import { showRun } from './look.ts';

/** What every command does that began a run: names it, or stays and shows its figures. */
export async function started(context: CommandContext, job: JobView, wait: boolean): Promise<number> {
  const { id } = job.spec;
  if (!wait) {
    context.out.result(
      { job: jobJson(job), run: { id, state: job.state } },
      () => `Started ${id}. Its figures: ragtui eval show ${id}`,
    );
    return EXIT.done;
  }
  const end = await toItsEnd(context, id);
  await showRun(context, [id]);
  return end.state === 'stopped' ? EXIT.interrupted : EXIT.done;
}
