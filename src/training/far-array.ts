import type { OnReach } from '../hosts/follow.ts';
import { gather, leaveGathering, type Seat } from '../hosts/slurm/gather.ts';
import type { SlurmRequest } from '../hosts/slurm/submit.ts';
import type { KnownHost } from '../hosts/types.ts';
import { seatOf } from '../jobs/array-seat.ts';
import type { JobContext } from '../jobs/worker.ts';
import { phase } from './phase.ts';

type Context = JobContext<'train-llm'> | JobContext<'train-embedder'>;

/** Waits for the other trainings of its array, where it is of one, until all are handed in; see `gather`. */
export async function gatherArray(
  { paths, spec, signal, report }: Context,
  host: KnownHost,
  request: SlurmRequest,
  onReach: OnReach,
): Promise<'go' | 'withdrawn' | 'unheard'> {
  const seat = seatOf(paths, spec);
  if (!seat) return 'go';
  let told = 0;
  return gather(seat, request, {
    host,
    paths,
    signal,
    onReach,
    onLog: (text) => report.log('info', text),
    onWait: (here, size) => {
      if (here !== told) report.progress(phase(`waits for the others of its array, ${here} of ${size} are ready`));
      told = here;
    },
  });
}

/** It goes on with what Slurm has of it already: nobody is to wait for it. */
export function leaveArray({ paths, spec }: Context): void {
  const seat: Seat | undefined = seatOf(paths, spec);
  if (seat) leaveGathering(seat);
}
