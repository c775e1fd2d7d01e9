import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../output.ts';

const optionsSchema = z.object({
  keep: z.boolean().default(false),
  loop: z.boolean().default(false),
  data: z.string().min(1).optional(),
  out: z.string().min(1).optional(),
  quick: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;
const homeSchema = z.object({ home: z.string().min(1).optional() });

/** `ragtui demo`: the whole story on the sample documents, or with `--loop` from base to tuned to a verdict. */
export function addDemo(program: Command, invocation: Invocation): void {
  const command = program
    .command('demo')
    .description('pull, ingest, search, ask and verify on the sample documents, in a workspace that is thrown away')
    .option('--keep', 'keep the workspace, to look at it with ragtui --home')
    .option('--loop', 'instead: data, training, serving, comparison and evaluation on the real engines (45 minutes)')
    .option('--data <dir>', 'with --loop: where Financial-QA-10k.csv and cmrc2018_trial.json lie')
    .option('--out <file>', 'with --loop: where the report is written (default: loop-report.md in the workspace)')
    .option('--quick', 'with --loop: a few rows of everything, to see whether all works')
    .option('--dry-run', 'with --loop: only what would be typed');
  handle(command, invocation, { args: z.tuple([]), options: optionsSchema }, (context, _, options) => {
    if (options.loop) return loop(context, options, homeSchema.parse(program.opts()).home);
    if (options.data !== undefined || options.out !== undefined || options.quick || options.dryRun) {
      throw new RagtuiError('usage', '--data, --out, --quick and --dry-run need --loop.', 'Add --loop.');
    }
    return story(context, options.keep);
  });
}

async function story(context: CommandContext, keep: boolean): Promise<number> {
  const { runDemo } = await import('../demo/run-demo.ts');
  const { steps, home } = await runDemo(context, keep);
  const ok = steps.every((step) => step.ok);
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  context.out.result({ ok, seconds, home: keep ? home : null, steps }, () => [
    '',
    ...table(
      ['STEP', 'SECONDS', 'OK', 'WHAT IT DID'],
      [
        ...steps.map((step) => [step.name, step.seconds.toFixed(1), step.ok ? 'yes' : 'NO', step.detail]),
        ['all', seconds.toFixed(1), ok ? 'yes' : 'NO', ''],
      ],
    ),
    ...(keep ? ['', `Look around: ragtui --home ${home}`] : []),
  ]);
  return ok ? EXIT.done : EXIT.failed;
}

async function loop(context: CommandContext, options: Options, home: string | undefined): Promise<number> {
  const { demoLoop, plannedSteps } = await import('../loop/demo-loop.ts');
  const { data, out, quick } = options;
  const wish = { size: quick ? ('quick' as const) : ('full' as const), data, out, home };
  if (options.dryRun) {
    const steps = plannedSteps(wish);
    context.out.result({ steps }, () => steps.map(({ name, command }) => `${name}: ragtui ${command}`));
    return EXIT.done;
  }
  const made = await demoLoop(context, wish);
  const { report, ...rest } = made;
  context.out.result(rest, () => [report, `Report: ${made.file}`, `Look around: ragtui --home ${made.home}`]);
  return made.ok ? EXIT.done : EXIT.failed;
}
