import type { Command } from 'commander';
import { z } from 'zod';
import { OPERATIONS, operationSchema } from '../../../datasets/making/types.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { makingOptions, startMaking } from '../../making-job.ts';
import { name, whole } from './arguments.ts';

const options = makingOptions.extend({
  share: z.coerce.number('above 0, at most 1').gt(0, 'above 0, at most 1').max(1, 'above 0, at most 1').default(0.25),
  mode: z.enum(['copy', 'replace'], 'copy or replace').default('copy'),
  operations: z.string().default(OPERATIONS.join(',')),
  refusal: z.string().min(1).optional(),
  split: z.string().min(1).default('all'),
  seed: whole.default(1314),
  name: z.string().min(1).optional(),
});

/** `ragtui dataset augment NAME`. */
export function addAugment(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('augment')
      .description('damage the inputs of some rows, while their targets stay right')
      .argument('<name>', 'a qa or sft dataset')
      .option('--share <s>', 'of the rows, how many are damaged (default: 0.25)')
      .option('--mode <mode>', 'copy keeps every row and adds damaged copies, replace does not (default: copy)')
      .option('--operations <names>', `separated by commas (default: all: ${OPERATIONS.join(',')})`)
      .option('--refusal <text>', 'the target where the context holds no answer (default: by the language)')
      .option('--split <part>', 'part of the dataset, e.g. train (default: all)')
      .option('--seed <n>', 'default: 1314')
      .option('--name <name>', 'what to call it (default: NAME-augmented)')
      .option('--dry-run', 'show what would run, with a few examples')
      .option('--wait', 'stay until the job ends'),
    invocation,
    { args: name, options },
    augment,
  );
}

async function augment(context: CommandContext, [which]: [string], wish: z.output<typeof options>): Promise<number> {
  const { prepareAugment } = await import('../../../datasets/making/augment/prepare.ts');
  const operations = z
    .array(operationSchema, 'an operation')
    .safeParse(wish.operations.split(',').map((one) => one.trim()));
  if (!operations.success) {
    const { RagtuiError } = await import('../../../platform/errors.ts');
    throw new RagtuiError(
      'usage',
      `"${wish.operations}" names an operation that we do not have.`,
      `There are: ${OPERATIONS.join(', ')}.`,
    );
  }
  const { split: part, name: as, share, mode, refusal, seed } = wish;
  const { making, examples } = await prepareAugment(context.paths, {
    ...{ dataset: which, part, as, share, mode, refusal, seed },
    operations: operations.data,
  });
  const lines = [
    `from       ${making.dataset} ${making.version} (${part})`,
    `to         ${making.as}`,
    `operations ${making.operations.join(', ')} on ${Math.round(100 * share)} % of the rows (${mode})`,
    ...examples.flatMap(({ row, did, before, after }) => ['', `── row ${row}: ${did}`, before, '   becomes', after]),
  ];
  return startMaking(context, { making, models: [], plan: { examples }, lines }, wish);
}
