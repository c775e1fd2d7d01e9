import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { datasetJson, splitLine } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, size, whole } from './arguments.ts';

const METHODS = ['context', 'random', 'stratified', 'tutorial'] as const;

const splitOptions = z.object({
  by: z.enum(METHODS, METHODS.join(', ')).default('context'),
  group: z.string().min(1).optional(),
  strata: z.string().min(1).optional(),
  name: z.string().min(1).optional(),
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
      .option(
        '--by <method>',
        'context (no context in two parts; the default), stratified, random, or tutorial (its very rows)',
      )
      .option('--group <what>', 'what stays in one part: context, near (nearly equal ones too), field:NAME, none')
      .option(
        '--strata <what>',
        'stratified: answer-type (default), answer-length, context-length, language, field:NAME',
      )
      .option('--test <n>', 'rows, or a share below 1 (default: 0.1)')
      .option('--dev <n>', 'a third part, the same way')
      .option('--seed <n>', 'default: 1314')
      .option('--name <name>', 'what to call it (default: the method)'),
    invocation,
    { args: name, options: splitOptions },
    split,
  );
}

async function split(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  { by: method, strata, ...given }: z.output<typeof splitOptions>,
): Promise<undefined> {
  const { splitDataset, splitReason } = await import('../../../datasets/split.ts');
  const { group, name: as, seed, test, dev } = given;
  const { manifest, split: made } = await splitDataset(paths, which, {
    method,
    signal,
    ...(group === undefined ? {} : { group }),
    ...(strata === undefined ? {} : { by: strata }),
    ...(as === undefined ? {} : { name: as }),
    ...(seed === undefined ? {} : { seed }),
    ...(test === undefined ? {} : { test }),
    ...(dev === undefined ? {} : { dev }),
  });
  const reason = splitReason(made);
  out.note(reason);
  out.result({ dataset: datasetJson(manifest), split: made, reason }, () => [
    splitLine(made),
    ...Object.entries(made.strata ?? {}).map(([stratum, parts]) => {
      const counts = Object.entries(parts).map(([part, rows]) => `${part} ${rows}`);
      return `  ${stratum}: ${counts.join(', ')}`;
    }),
  ]);
}
