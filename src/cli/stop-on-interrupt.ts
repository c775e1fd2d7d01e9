import type { CommandContext } from './context.ts';

/**
 * From now on the first Ctrl+C stops the job (`remark`: what is said of that besides), the second one only leaves it.
 * Call what comes back when the job is over: it waits for a stop that is under way.
 */
export async function stopOnInterrupt(
  { out, paths, signal }: Pick<CommandContext, 'out' | 'paths' | 'signal'>,
  id: string,
  remark = '',
): Promise<() => Promise<void>> {
  const { stopJob } = await import('../jobs/control.ts');
  let stopping: Promise<unknown> | undefined;
  const stop = () => {
    out.note(`Stopping ${id}${remark}. (Ctrl+C again: leave it to stop by itself.)`);
    stopping = stopJob(paths, id);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return async () => {
    signal.removeEventListener('abort', stop);
    await stopping;
  };
}
