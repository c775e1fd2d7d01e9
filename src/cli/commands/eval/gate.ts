import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { EXIT } from '../../exit-codes.ts';
import { one, points, RUN } from './arguments.ts';

const gateOptions = z.object({
  metric: z.string().min(1).optional(),
  column: z.string().min(1).optional(),
  min: points.optional(),
  max: points.optional(),
  baseline: z.string().min(1).optional(),
  tolerance: points.nonnegative().default(0),
});
type GateOptions = z.output<typeof gateOptions>;

/** `ragtui eval gate`. */
export function addEvalGate(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('gate')
      .description('exit code 3 when a column surely misses a bound, or is surely worse than another one')
      .argument('<run>', RUN)
      .option('--metric <name>', 'default: the primary one of the run')
      .option('--column <name>', 'only this one (default: every column that was asked)')
      .option('--min <points>', 'at least so many points of 100, or in the unit of the metric (ms, tokens)')
      .option('--max <points>', 'at most so many points of 100, or in its unit')
      .option(
        '--baseline <column>',
        'not surely worse than a column of the run, a run (its first column), or RUN/COLUMN',
      )
      .option('--tolerance <points>', 'points that it may be worse than the baseline (default: 0)'),
    invocation,
    { args: one, options: gateOptions },
    gate,
  );
}

/** Exit code 3 when a bound or a baseline is surely missed; what cannot be told passes, and says so. */
async function gate(context: CommandContext, [id]: [string], options: GateOptions): Promise<number> {
  const { gateRun } = await import('../../../evaluation/gate.ts');
  const answer = await gateRun(context.paths, id, options);
  context.out.result(answer, () => answer.gates.map((one) => `${one.answer.toUpperCase()}: ${one.sentence}`));
  return answer.says === 'no' ? EXIT.gateSaysNo : EXIT.done;
}
