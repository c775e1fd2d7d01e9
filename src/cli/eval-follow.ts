import type { JobEvent, JobView } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { CommandContext } from './context.ts';
import { evalProgressLine } from './eval-text.ts';
import { followJob } from './follow.ts';

/** Follows a run; an interruption stops it. Errors: what ended it early. */
export async function toItsEnd(
  { out, paths, signal }: CommandContext,
  id: string,
  goOn = `ragtui eval resume ${id}`,
): Promise<JobView> {
  const { stopJob } = await import('../jobs/control.ts');
  let stopping: Promise<JobView> | undefined;
  const stop = () => {
    out.note(`Stopping ${id}; what is finished stays. Go on later: ${goOn}`);
    stopping = stopJob(paths, id);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const onEvent = (event: JobEvent) => {
    if (event.type === 'progress') out.progress(evalProgressLine(event.progress));
    else if (event.type === 'log' && event.level !== 'info') out.note(event.text);
  };
  const end = await followJob(paths, id, { signal: new AbortController().signal, onEvent });
  signal.removeEventListener('abort', stop);
  out.clearProgress();
  await stopping;
  if (end.state === 'failed' || end.state === 'lost') {
    const kept = `What is finished is kept. Go on: ${goOn}`;
    throw new RagtuiError(
      'unavailable',
      end.error?.message ?? `The run is ${end.state}: ${end.reason}.`,
      // The fault of a server that is gone says so itself.
      end.error?.hint && !end.error.hint.includes('is kept') ? `${end.error.hint} ${kept}` : kept,
    );
  }
  return end;
}
