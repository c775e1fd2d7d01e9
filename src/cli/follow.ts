import { isOver, type JobEvent, type JobView } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { waitUntil } from '../platform/processes.ts';

const CHECK_MS = 300;
/** Between the last event and the end of the job's processes. */
const LEAVE_MS = 10_000;

/**
 * Hands over a job's events as they come, until the job is over or `signal` aborts; returns the job as it is then.
 * The last state event ends it; a job that vanished without one (`lost`) is noticed by its processes.
 */
export async function followJob(
  paths: WorkspacePaths,
  id: string,
  options: { readonly signal: AbortSignal; readonly onEvent: (event: JobEvent) => void },
): Promise<JobView> {
  const { readJob } = await import('../jobs/registry.ts');
  const { tailEvents } = await import('../jobs/events.ts');
  const done = new AbortController();
  const end = () => done.abort();
  if (options.signal.aborted) end();
  options.signal.addEventListener('abort', end);
  let seenOver = 0;
  const timer = setInterval(() => {
    // Only after a few looks: by then the last events are read.
    if (isOver(readJob(paths, id).state) && ++seenOver > 4) end();
  }, CHECK_MS);
  try {
    await tailEvents(readJob(paths, id).folder, {
      signal: done.signal,
      onEvent: (event) => {
        options.onEvent(event);
        if (event.type === 'state' && isOver(event.state)) end();
      },
    });
  } finally {
    clearInterval(timer);
    options.signal.removeEventListener('abort', end);
  }
  // On a full disk the last state may stand in the event alone: then the end of the processes tells.
  if (!options.signal.aborted) await waitUntil(() => isOver(readJob(paths, id).state), LEAVE_MS);
  return readJob(paths, id);
}
