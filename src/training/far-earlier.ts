import { closeFar, type FarFile, keepFar } from '../hosts/far-file.ts';
import { runStatus } from '../hosts/run.ts';
import { knownHost } from '../hosts/store.ts';
import type { KnownHost } from '../hosts/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import { RagtuiError } from '../platform/errors.ts';
import { fetchTune } from './far-tune.ts';
import { tunedFolder } from './tuned.ts';

type Context = JobContext<'train-llm'> | JobContext<'train-embedder'>;

/** `unsubmitted`: all that it needs is there, and Slurm was not reached or its answer was lost. */
export type Earlier = 'none' | 'unsubmitted' | 'begun';

/**
 * What of an earlier job's run is to be gone on with. One that was stopped or killed there has nothing to tell any more:
 * what it left is brought here, and a new one goes on from there.
 */
export async function earlierRun(context: Context, here: KnownHost, { host: name, run }: FarFile): Promise<Earlier> {
  const { paths, work, report } = context;
  const host = name === here.name ? here : knownHost(paths, name);
  const { state, result, slurm } = await runStatus(host, run);
  if (state === 'none') {
    closeFar(paths.jobs, run);
    return 'none';
  }
  if (state === 'lost' || result?.stopped) {
    report.log('info', `Brings what ${run} left on ${name}`);
    const tuned = tunedFolder(paths, work.name);
    await fetchTune(host, paths, work.name, { onLog: (text) => report.log('info', text) });
    keepFar(tuned.root, { host: name, run, open: false });
    closeFar(paths.jobs, run);
    return 'none';
  }
  if (host === here) return state !== 'over' && slurm?.job === '' ? 'unsubmitted' : 'begun';
  throw new RagtuiError(
    'busy',
    `${work.name} was begun on ${name}, and may go on there.`,
    `Go on with it there (--launcher ssh:${name}), or stop its job first.`,
  );
}
