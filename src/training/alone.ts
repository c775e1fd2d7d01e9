import type { JobContext } from '../jobs/worker.ts';
import { lockFile } from '../platform/lock.ts';
import { tellDone } from './tell-done.ts';
import { askedOf, isRegistered, tunedFolder } from './tuned.ts';

/**
 * Runs the body of a training when no other job works in the folder of its tune: two engines there would spoil each
 * other's checkpoints. Whoever holds it and is killed gives it back. One that is done and registered is not begun again. Errors: those of `run`; `cancelled`.
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
    const asked = askedOf(work.kind, work);
    if (!isRegistered(paths, asked)) return await run();
    report.log('info', 'All of it was done, and its result registered, by an earlier job');
    tellDone(report, tunedFolder(paths, work.name));
    report.artifact(work.name, tunedFolder(paths, work.name).result);
  } finally {
    unlock();
  }
}
