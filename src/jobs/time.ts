import { isOver, type JobView } from './types.ts';

/** The machine's clocks at one moment: time of day in milliseconds since 1970, and seconds since it started. */
export interface Moment {
  readonly now: number;
  readonly uptime: number;
}

/**
 * Seconds a job took, or takes so far: by the clock that nobody sets where the job was measured with it, else by the
 * times of day, unless they say that it ended before it began. Null when neither tells. Pure.
 */
export function secondsOf(
  job: Pick<JobView, 'state' | 'startedAt' | 'endedAt' | 'startedUptime' | 'seconds'>,
  { now, uptime }: Moment,
): number | null {
  if (job.seconds !== null) return job.seconds;
  if (job.startedAt === null) return null;
  const over = isOver(job.state);
  if (!over && job.startedUptime !== null) return notNegative(uptime - job.startedUptime);
  const end = job.endedAt === null ? (over ? null : now) : Date.parse(job.endedAt);
  return end === null ? null : notNegative((end - Date.parse(job.startedAt)) / 1000);
}

/** Seconds since the supervisor last gave a sign of life, and since the job last said anything; null: not known. Pure. */
export function signsOfLife(
  { heartbeat }: Pick<JobView, 'heartbeat'>,
  uptime: number,
): { readonly beat: number; readonly word: number } | null {
  if (!heartbeat || uptime < heartbeat.uptime) return null;
  const beat = uptime - heartbeat.uptime;
  return { beat, word: beat + heartbeat.quiet };
}

const notNegative = (seconds: number): number | null => (seconds >= 0 ? seconds : null);
