import { existsSync } from 'node:fs';
import { stopJob } from '../jobs/control.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { launchJob } from '../jobs/launcher.ts';
import { launcherNamed } from '../jobs/launchers/ssh.ts';
import { listJobs, readJob } from '../jobs/registry.ts';
import { type ArraySeat, isOver, type JobView, type JobWork, launcherName } from '../jobs/types.ts';
import { crashPoint } from '../platform/crash-point.ts';
import { errorCode, RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { waitUntil } from '../platform/processes.ts';

/** A job that was killed is started again so often before its step fails. */
const MOST_DEATHS = 3;
const LOOK_MS = 200;

export interface ChildWish {
  readonly paths: WorkspacePaths;
  /** `stepMark`: by this the job is found again by whoever goes on with the recipe. */
  readonly mark: string;
  readonly name: string;
  /** Its place in an array job. */
  readonly array?: ArraySeat | undefined;
  readonly work: JobWork;
  /** The work of a second start, where it differs. */
  readonly again?: JobWork;
  readonly signal: AbortSignal;
  readonly onView: (view: JobView) => void;
  /** Whether a person wants the job to be stopped for now; and the wait until it may go on. */
  readonly isPaused?: () => boolean;
  readonly whilePaused?: () => Promise<void>;
  /** Replaced in tests. */
  readonly launch?: typeof launchJob;
  /** Before each start. */
  readonly ready?: () => Promise<void>;
  /** Whether a failure is not the job's own but of something that `ready` mends. */
  readonly mendable?: () => boolean;
}

/**
 * A job of a step at its end, with success: the one that goes on or went well already is taken, one that ended early is
 * gone on with, and only where there is none a new one is started. So that a recipe that is killed anywhere never has
 * a thing done twice. Errors: what made the job fail, `cancelled` (the job is stopped then).
 */
export async function childToEnd(wish: ChildWish): Promise<JobView> {
  const { paths, signal, onView, name, mark, array } = wish;
  let deaths = 0;
  /** Whether the job that is over ended by itself while we looked on. */
  let seen = false;
  for (;;) {
    signal.throwIfAborted();
    await wish.whilePaused?.();
    const found = jobsOf(paths, mark)[0];
    if (found?.state === 'succeeded') return found;
    if (!found || isOver(found.state)) {
      if (seen && found) deaths = judge(found, deaths, wish);
      if (found && found.orphans.length > 0) await stopJob(paths, found.spec.id);
      await wish.ready?.();
      const work = found ? (wish.again ?? wish.work) : wish.work;
      onView(await (wish.launch ?? launch)(paths, work, { name, step: mark, array }));
      crashPoint('recipe_launched');
    }
    seen = await untilOver(wish);
    crashPoint('recipe_child_over');
  }
}

const launch: NonNullable<ChildWish['launch']> = (paths, work, options) =>
  launcherNamed(paths, launcherName(work)).start(work, options);

/** Jobs that did or do a step, newest first. */
export const jobsOf = (paths: WorkspacePaths, mark: string): JobView[] =>
  listJobs(paths).filter(({ spec }) => spec.step === mark);

/** Throws when it failed; how often it was killed, when that is all. */
function judge(job: JobView, deaths: number, wish: ChildWish): number {
  if (job.state === 'stopped') {
    throw new RagtuiError(
      'cancelled',
      `${job.spec.id} (${job.spec.name}) was stopped.`,
      'Resume the recipe to go on with it.',
    );
  }
  // A worker that was killed leaves no word of its own.
  const died = job.state === 'lost' || !existsSync(jobFiles(job.folder).result);
  if ((died || wish.mendable?.() === true) && deaths < MOST_DEATHS) return deaths + 1;
  const { error, reason } = job;
  throw new RagtuiError(
    error ? errorCode(error.code) : 'unavailable',
    error?.message ?? `${job.spec.name} is ${job.state}: ${reason}.`,
    error?.hint || `See ragtui jobs logs ${job.spec.id}.`,
  );
}

/** Until the newest job of the step is over; one that must end is stopped gracefully. Whether it ended by itself. */
async function untilOver(wish: ChildWish): Promise<boolean> {
  const { paths, signal, onView } = wish;
  const id = jobsOf(paths, wish.mark)[0]?.spec.id;
  if (id === undefined) return false;
  let told = '';
  const unwanted = () => signal.aborted || wish.isPaused?.() === true;
  await waitUntil(
    () => {
      const view = readJob(paths, id);
      const now = JSON.stringify([view.state, view.reason, view.progress]);
      if (now !== told) onView(view);
      told = now;
      return isOver(view.state) || unwanted();
    },
    Number.POSITIVE_INFINITY,
    LOOK_MS,
  );
  if (isOver(readJob(paths, id).state)) return true;
  await stopJob(paths, id);
  return false;
}

/** Seconds that all jobs of a step took together. */
export function secondsOfJobs(paths: WorkspacePaths, mark: string): number {
  return jobsOf(paths, mark).reduce((sum, { seconds, startedAt, endedAt }) => {
    if (seconds !== null) return sum + seconds;
    return startedAt && endedAt ? sum + Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000) : sum;
  }, 0);
}
