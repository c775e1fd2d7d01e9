import type { Command } from 'commander';
import { z } from 'zod';
import type { MakingOf } from '../../../datasets/making/types.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { makingOptions, startMaking } from '../../making-job.ts';
import { none } from './arguments.ts';

const options = makingOptions.extend({
  fromVotes: z.boolean().default(false),
  kb: z.string().min(1).optional(),
  blind: z.boolean().default(false),
  a: z.string().min(1).optional(),
  b: z.string().min(1).optional(),
  metric: z.string().min(1).default('token-f1'),
  difference: z.coerce.number('above 0').gt(0, 'above 0').default(0.3),
  name: z.string().min(1),
});

/** `ragtui dataset preference`. */
export function addPreference(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('preference')
      .description('make pairs of a better and a worse answer: of votes, or of two columns of evaluations')
      .option('--from-votes', 'of the votes on comparisons')
      .option('--kb <name>', 'with --from-votes: only those over this knowledge base')
      .option('--blind', 'with --from-votes: only votes given while the names were hidden')
      .option('--a <run/column>', 'a run, or one of its columns')
      .option('--b <run/column>', 'another one')
      .option('--metric <name>', 'which is better (default: token-f1)')
      .option('--difference <d>', 'pairs that differ by less are left out (default: 0.3)')
      .requiredOption('--name <name>', 'what to call it')
      .option('--dry-run', 'show what would run')
      .option('--wait', 'stay until the job ends'),
    invocation,
    { args: none, options },
    preference,
  );
}

async function preference(context: CommandContext, _: [], wish: z.output<typeof options>): Promise<number> {
  const { datasetSlug } = await import('../../../datasets/layout.ts');
  datasetSlug(wish.name);
  const making: MakingOf<'preference'> = { what: 'preference', as: wish.name, from: await sourceOf(context, wish) };
  return startMaking(context, { making, models: [], plan: {}, lines: [JSON.stringify(making, null, 2)] }, wish);
}

async function sourceOf(
  { paths }: CommandContext,
  { fromVotes, kb, blind, a, b, metric, difference }: z.output<typeof options>,
): Promise<MakingOf<'preference'>['from']> {
  if (fromVotes) return { kind: 'votes', kb: kb ?? null, blind };
  if (a === undefined || b === undefined) {
    throw new RagtuiError('usage', 'Pairs come from votes or from two columns.', 'Give --from-votes, or --a and --b.');
  }
  const { readRun } = await import('../../../evaluation/runs.ts');
  const { findMetric } = await import('../../../evaluation/metrics/registry.ts');
  const side = (text: string) => {
    const [run = '', ...rest] = text.split('/');
    // `latest` is another run tomorrow.
    return { run: readRun(paths, run).view.spec.id, column: rest.length > 0 ? rest.join('/') : null };
  };
  return { kind: 'runs', a: side(a), b: side(b), metric: findMetric(metric).name, difference };
}
