import { tellsGone } from '../jobs/artifacts.ts';
import { isOver, type JobEvent, type JobView, type JobWork, launcherName } from '../jobs/types.ts';
import { clock } from './output.ts';

/** `job` {id, kind, state, progress} as scripts may count on it (design §8). */
export function jobJson(view: JobView) {
  const { spec, state, reason, progress, error, startedAt, endedAt, seconds, heartbeat, pid, gpus, endpoint, folder } =
    view;
  return {
    id: spec.id,
    kind: spec.work.kind,
    name: spec.name,
    note: view.note,
    tags: view.tags,
    state,
    reason,
    progress,
    error,
    createdAt: spec.createdAt,
    startedAt,
    endedAt,
    seconds,
    heartbeat,
    pid,
    gpus,
    endpoint,
    launcher: launcherName(spec.work),
    far: view.far ?? null,
    folder,
  };
}

/** How far it is, in words; empty when it is over or has not said. */
export function progressText(view: JobView): string {
  const { progress } = view;
  if (!progress || isOver(view.state)) return '';
  // A phase that counts nothing says so by its name alone.
  if (progress.total === 0 && progress.done === 0) return progress.phase;
  const of = progress.total > 0 ? ` of ${progress.total}` : '';
  const left = progress.secondsLeft === null ? '' : `, ${clock(progress.secondsLeft)} left`;
  return `${progress.phase} ${progress.done}${of} ${progress.unit}${left}`;
}

/** What it was asked to do, a key a line: what `jobs clone --set` may change. */
export const workLines = (work: JobWork): string[] =>
  Object.entries(work)
    .filter(([key]) => key !== 'kind')
    .map(([key, value]) => `  ${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);

/** One event as a line; progress is left out of logs that are read afterwards. */
export function eventLine(event: JobEvent): string | undefined {
  const time = event.time.slice(11, 19);
  switch (event.type) {
    case 'state':
      return `${time} ${event.state}${event.reason ? `: ${event.reason}` : ''}`;
    case 'log':
      return `${time} ${event.level === 'info' ? '' : `${event.level}: `}${event.text}`;
    case 'error':
      return `${time} error: ${event.message} ${event.hint}`.trimEnd();
    case 'artifact':
      return `${time} ${tellsGone(event) ? 'removed' : 'made'} ${event.name}${event.path ? ` (${event.path})` : ''}`;
    default:
      return undefined;
  }
}
