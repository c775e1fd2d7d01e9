import type { JobContext } from '../jobs/worker.ts';
import { lockFile } from '../platform/lock.ts';
import { tunedFolder } from './tuned.ts';

/**
 * Runs the body of a training when no other job works in the folder of its tune: two engines there would spoil each
 * other's checkpoints. Whoever holds it and is killed gives it back. Errors: those of `run`; `cancelled`.
 */
export async function alone(
  { paths, work, report, signal }: JobContext<'train-llm'> | JobContext<'train-embedder'>,
  run: () => Promise<void>,
): Promise<void> {
  const unlock = await lockFile(`${tunedFolder(paths, work.name).root}.lock`, {
    signal,
    onWait: (pid) => report.log('info', `Waits for process ${pid}, which works on ${work.name} too`),
  });
  try {
    await run();
  } finally {
    unlock();
  }
}
