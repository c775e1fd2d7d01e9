import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { datasetJson, splitLine } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, size, whole } from './arguments.ts';

const splitOptions = z.object({
  by: z.enum(['context', 'tutorial'], 'context or tutorial'),
  seed: whole.optional(),
  test: size.optional(),
  dev: size.optional(),
});

/** `ragtui dataset split NAME`. */
export function addSplit(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('split')
      .description('cut a dataset into train and test')
      .argument('<name>')
      .requiredOption('--by <method>', 'context (no context in two parts) or tutorial (its very rows)')
      .option('--test <n>', 'rows, or a share below 1 (default: 0.1)')
      .option('--dev <n>', 'a third part, the same way')
      .option('--seed <n>', 'default: 1314'),
    invocation,
    { args: name, options: splitOptions },
    split,
  );
}

async function split(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  { by, seed, test, dev }: z.output<typeof splitOptions>,
): Promise<undefined> {
  const { splitDataset } = await import('../../../datasets/split.ts');
  const { manifest, split: made } = await splitDataset(paths, which, {
    method: by,
    signal,
    ...(seed === undefined ? {} : { seed }),
    ...(test === undefined ? {} : { test }),
    ...(dev === undefined ? {} : { dev }),
  });
  out.result({ dataset: datasetJson(manifest), split: made }, () => splitLine(made));
}
