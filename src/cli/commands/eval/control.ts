import type { Command } from 'commander';
import { z } from 'zod';
import type { Evaluation } from '../../../evaluation/types.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { jobJson } from '../../job-text.ts';
import { atOnce, noOptions, one, RUN, waitOption } from './arguments.ts';
import { started } from './started.ts';

/** `ragtui eval resume|pause|continue|retry|concurrency`: what a person wants of a run. */
export function addEvalControl(evaluation: Command, invocation: Invocation): void {
  const command = (name: string, about: string) => evaluation.command(name).description(about).argument('<run>', RUN);
  handle(
    command('resume', 'go on with a run that ended early; what is finished is not asked again').option(
      '--wait',
      'stay until it ends',
    ),
    invocation,
    { args: one, options: waitOption },
    resume,
  );
  handle(
    command('pause', 'ask nothing new until continue; what is being answered ends'),
    invocation,
    { args: one, options: noOptions },
    pause,
  );
  handle(
    command('continue', 'go on with a run that was paused'),
    invocation,
    { args: one, options: noOptions },
    continueRun,
  );
  handle(
    command('retry', 'ask again what failed: in the run itself, or in a new one when it is over').option(
      '--wait',
      'stay until it ends',
    ),
    invocation,
    { args: one, options: waitOption },
    retry,
  );
  handle(
    command('concurrency', 'change how many items are in work at once').argument('<n>', '1 to 128, or auto'),
    invocation,
    { args: z.tuple([z.string().min(1), atOnce]), options: noOptions },
    concurrency,
  );
}

async function resume(context: CommandContext, [id]: [string], options: { wait: boolean }): Promise<number> {
  const { goOn } = await import('../../../evaluation/control.ts');
  return started(context, await goOn(context.paths, id), options.wait);
}

async function pause({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const { pauseRun } = await import('../../../evaluation/control.ts');
  const job = pauseRun(paths, id);
  out.result({ job: jobJson(job) }, () => `${job.spec.id} pauses. Go on: ragtui eval continue ${job.spec.id}`);
}

async function continueRun({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const control = await import('../../../evaluation/control.ts');
  const job = control.continueRun(paths, id);
  out.result({ job: jobJson(job) }, () => `${job.spec.id} goes on.`);
}

async function retry(context: CommandContext, [id]: [string], { wait }: { wait: boolean }): Promise<number> {
  const { retryFailed } = await import('../../../evaluation/control.ts');
  return started(context, await retryFailed(context.paths, id), wait);
}

async function concurrency(
  { out, paths }: CommandContext,
  [id, places]: [string, Evaluation['concurrency']],
): Promise<undefined> {
  const { setRunConcurrency } = await import('../../../evaluation/control.ts');
  const job = setRunConcurrency(paths, id, places);
  out.result({ job: jobJson(job), concurrency: places }, () =>
    places === 'auto' ? `${job.spec.id} finds out how many.` : `${job.spec.id}: ${places} at once from now on.`,
  );
}
