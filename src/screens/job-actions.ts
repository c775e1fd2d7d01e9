import { type JobView, whyNotResume, whyNotStop } from '../jobs/types.ts';
import { t } from '../ui/i18n/index.ts';
import type { ScreenContext } from './context.ts';

// What "Stop" and "Resume" of every screen with jobs ask and do. `none` is why there is no job to do it to.

/** Whether a job can be stopped, or why not. */
export const canStop = (job: JobView | undefined, none: string): true | string =>
  job === undefined ? none : whyNotStop(job) === null ? true : t('jobs.why.over');

/** What stopping this kind of job ends, as a question. */
export const confirmStop = (job: JobView | undefined): string | undefined =>
  job && t(`jobs.confirmStop.${job.spec.work.kind}`);

export const stopJob = ({ jobs }: ScreenContext, job: JobView | undefined): Promise<void> | undefined =>
  job && jobs.getState().stop(job.spec.id);

/** Whether a job that ended can be gone on with, or why not. */
export function canResume(job: JobView | undefined, none: string): true | string {
  if (!job) return none;
  const why = whyNotResume(job);
  return why === null ? true : t(`jobs.why.resume.${why}`);
}
