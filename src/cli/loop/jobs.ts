import { readLastEvents } from '../../jobs/events.ts';
import { listJobs } from '../../jobs/registry.ts';
import { isOver, type JobEvent, type JobView, type JobWork } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { runRagtui } from '../demo/run-ragtui.ts';
import { followJob } from '../follow.ts';
import { progressLine } from '../job-to-end.ts';
import type { LoopWorld } from './types.ts';

/**
 * The job of this loop that `isIt` knows, at its end: a finished one is taken as it is, a running one is followed, else
 * `args` starts one. Throws `unavailable` with the job's own reason when it did not succeed.
 */
export async function jobAtItsEnd(
  world: LoopWorld,
  isIt: (work: JobWork) => boolean,
  args: readonly string[],
): Promise<JobView> {
  const find = () => listJobs(world.paths).find(({ spec }) => isIt(spec.work));
  const before = find();
  if (before?.state === 'succeeded') return before;
  if (!before || isOver(before.state)) await runRagtui(world, args);
  const job = find();
  if (!job) throw new RagtuiError('internal', `"ragtui ${args[0]}" started no job.`);
  return succeeded(await follow(world, job));
}

/** Stays with a job until it is over, telling how far it is. */
export function follow({ paths, out, signal }: LoopWorld, job: JobView): Promise<JobView> {
  return followJob(paths, job.spec.id, {
    signal,
    onEvent: (event) => {
      if (event.type === 'progress') out.progress(`  ${progressLine(event.progress)}`);
      else if (event.type === 'log' && event.level !== 'info') out.note(`  ${event.text}`);
    },
  });
}

export function succeeded(job: JobView): JobView {
  if (job.state === 'succeeded') return job;
  const { error, reason, state, spec } = job;
  throw new RagtuiError(
    'unavailable',
    error?.message ?? `${spec.name} is ${state}: ${reason}.`,
    error?.hint || `See ragtui jobs logs ${spec.id}.`,
  );
}

/** All that a job has said. */
export async function eventsOf({ folder }: JobView): Promise<JobEvent[]> {
  return (await readLastEvents(folder, Number.MAX_SAFE_INTEGER)).events;
}
