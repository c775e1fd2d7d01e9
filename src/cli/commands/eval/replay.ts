import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { toItsEnd } from '../../eval-follow.ts';
import { replayLines } from '../../eval-text.ts';
import { EXIT } from '../../exit-codes.ts';
import { one, RUN, whole } from './arguments.ts';

const replayOptions = z.object({ with: z.string().min(1).optional() });
const agreementOptions = replayOptions.extend({ sample: whole.positive('at least 1').default(30) });

/** `ragtui eval replay|agreement`: doing it again, what differs, how often an endpoint repeats itself. */
export function addEvalReplay(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('replay')
      .description('do a run again from what it rests on, and say what differs')
      .argument('<run>', RUN)
      .option('--with <run>', 'compare with this replay instead of making one'),
    invocation,
    { args: one, options: replayOptions },
    (context, [id], options) => again(context, id, { sample: null, with: options.with }),
  );
  handle(
    evaluation
      .command('agreement')
      .description('ask a sample again, and say how often each column repeats itself')
      .argument('<run>', RUN)
      .option('--sample <n>', 'questions asked again, drawn by the seed (default: 30)')
      .option('--with <run>', 'compare with this run instead of asking'),
    invocation,
    { args: one, options: agreementOptions },
    (context, [id], options) => again(context, id, options),
  );
}

async function again(
  context: CommandContext,
  id: string,
  options: { readonly sample: number | null; readonly with?: string | undefined },
): Promise<number> {
  const { compareReplay, replayRun } = await import('../../../evaluation/replay.ts');
  const { readRun } = await import('../../../evaluation/runs.ts');
  const run = readRun(context.paths, id).view.spec.id;
  let replay = options.with;
  let stopped = false;
  if (replay === undefined) {
    const job = await replayRun(context.paths, run, { sample: options.sample });
    replay = job.spec.id;
    stopped = (await toItsEnd(context, replay)).state === 'stopped';
  }
  const report = compareReplay(context.paths, run, replay);
  context.out.result(report, () => replayLines(report));
  return stopped ? EXIT.interrupted : EXIT.done;
}
