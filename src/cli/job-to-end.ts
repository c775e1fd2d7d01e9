import type { JobEvent, JobView, Progress } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { followJob } from './follow.ts';
import { jobJson } from './job-text.ts';
import { clock } from './output.ts';
import { stopOnInterrupt } from './stop-on-interrupt.ts';

export interface ToEndOptions {
  /** More than progress and warnings: what else the caller shows of the events. */
  readonly onEvent?: (event: JobEvent) => void;
  /** The lines for a person when it succeeded. */
  readonly done: (job: JobView) => readonly string[];
}

/**
 * Stays with a job until it ends, with progress on stderr; the first Ctrl+C stops the job. Prints the job and returns
 * the exit code. Throws what made the job fail.
 */
export async function jobToEnd(context: CommandContext, job: JobView, options: ToEndOptions): Promise<number> {
  const { out, paths } = context;
  const id = job.spec.id;
  const over = await stopOnInterrupt(context, id);
  const end = await followJob(paths, id, {
    signal: new AbortController().signal,
    onEvent: (event) => {
      if (event.type === 'progress') out.progress(progressLine(event.progress));
      else if (event.type === 'log' && event.level !== 'info') out.note(event.text);
      options.onEvent?.(event);
    },
  });
  out.clearProgress();
  await over();
  if (end.state === 'failed' || end.state === 'lost') {
    const { error, reason } = end;
    const message = error?.message ?? `${end.spec.name} is ${end.state}: ${reason}.`;
    throw new RagtuiError('unavailable', message, error?.hint || `See ragtui jobs logs ${id}.`);
  }
  const stopped = end.state === 'stopped';
  out.result({ job: jobJson(end) }, () =>
    stopped ? `${id} stopped; "ragtui jobs resume ${id}" goes on where it was.` : options.done(end),
  );
  return stopped ? EXIT.interrupted : EXIT.done;
}

/** Stays with an install until it ends, or with `detach` only names it; the last thing it said is its result. */
export async function installToEnd(
  context: CommandContext,
  job: JobView,
  { detach }: { readonly detach: boolean },
): Promise<number> {
  if (detach) {
    const text = `Started ${job.spec.id}. Follow it: ragtui jobs logs -f ${job.spec.id}`;
    context.out.result({ job: jobJson(job) }, () => text);
    return EXIT.done;
  }
  let said: readonly string[] = [];
  return jobToEnd(context, job, {
    onEvent: (event) => {
      if (event.type === 'log') said = [event.text];
    },
    done: () => said,
  });
}

/** `training: 12/48 steps, 0.14 steps/s, 4:17 left`. */
export function progressLine({ phase, done, total, unit, rate, secondsLeft, details }: Progress): string {
  const amount = total > 0 ? `: ${done}/${total} ${unit}` : '';
  const speed = rate ? `, ${rate.toPrecision(2)} ${unit}/s` : '';
  const left = secondsLeft === null ? '' : `, ${clock(secondsLeft)} left`;
  const more = Object.entries(details).map(([name, value]) => `, ${name} ${Number(value.toPrecision(4))}`);
  return `${phase}${amount}${speed}${left}${more.join('')}`;
}
