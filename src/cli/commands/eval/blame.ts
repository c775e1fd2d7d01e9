import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { blameLines } from '../../eval-text.ts';
import { one, points, RUN } from './arguments.ts';

const share = points.transform((value) => value / 100).optional();

/** `ragtui eval blame`. */
export function addEvalBlame(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('blame')
      .description('where each wrong answer went wrong, and what mending it would gain at most')
      .argument('<run>', RUN)
      .option('--metric <name>', 'what right and wrong are told by (default: the primary one of the run)')
      .option('--below <points>', 'wrong below so many points of 100 (default: 100 for a 0/1 metric, else 50)'),
    invocation,
    { args: one, options: z.object({ metric: z.string().min(1).optional(), below: share }) },
    blame,
  );
}

async function blame(
  { out, paths, signal }: CommandContext,
  [id]: [string],
  { metric, below }: { metric?: string | undefined; below?: number | undefined },
): Promise<undefined> {
  const { blameRun } = await import('../../../evaluation/blame/run.ts');
  const report = await blameRun(paths, id, {
    signal,
    ...(metric === undefined ? {} : { metric }),
    ...(below === undefined ? {} : { below }),
  });
  out.result(report, () => blameLines(report));
}
