import type { Command } from 'commander';
import { z } from 'zod';
import type { PrepareOptions } from '../../../datasets/preparing/prepare.ts';
import { type Prepared, targetSchema } from '../../../datasets/preparing/types.ts';
import { forecastLine, leakLine } from '../../check-text.ts';
import type { CommandContext } from '../../context.ts';
import { splitLine } from '../../dataset-text.ts';
import { collect, handle, type Invocation } from '../../define.ts';
import { EXIT } from '../../exit-codes.ts';
import { name, size, whole } from './arguments.ts';

const prepareOptions = z.object({
  out: z.string().min(1),
  for: z.array(z.enum(targetSchema.options, 'llm or embedder')).optional(),
  name: z.string().min(1).optional(),
  format: z.string().min(1).optional(),
  map: z.string().min(1).optional(),
  test: size.optional(),
  dev: size.optional(),
  seed: whole.optional(),
  negatives: whole.min(1, 'at least 1').optional(),
  fix: z.boolean().default(true),
  dryRun: z.boolean().default(false),
});
type Options = z.output<typeof prepareOptions>;

/** `ragtui dataset prepare SOURCE --out DIR`. */
export function addPrepare(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('prepare')
      .description('import, check, fix, split, drop leaks and export, in one go')
      .argument('<source>', 'a file, a folder, hub:owner/name, or a dataset that is here')
      .requiredOption('--out <dir>', 'folder for the files that engines train on, and NAME-prepared.json')
      .option('--for <target>', 'llm or embedder (may be repeated; default: all that the rows are for)', collect)
      .option('--name <name>', 'what to call the dataset (default: the name of the source)')
      .option('--format <format>', 'as of dataset import (default: found by the content)')
      .option('--map <map>', 'which column is which field: question=Q,context=C,answers=A')
      .option('--test <n>', 'rows to test on, or a share below 1 (default: 0.1)')
      .option('--dev <n>', 'a third part, the same way')
      .option('--seed <n>', 'of the split and the negatives (default: 1314)')
      .option('--negatives <n>', 'for each question of the embedder (default: 10)')
      .option('--no-fix', 'leave findings as they are; leaks are dropped all the same')
      .option('--dry-run', 'do it all in a folder that is removed, and say what came out'),
    invocation,
    { args: name, options: prepareOptions },
    prepare,
  );
}

async function prepare(
  { out, paths, env, signal }: CommandContext,
  [source]: [string],
  options: Options,
): Promise<number | undefined> {
  const began = performance.now();
  const { dryRun } = options;
  const wish: PrepareOptions = {
    ...(await wishOf(options, env)),
    signal,
    onProgress: ({ phase, done, total }) => out.progress(total > 0 ? `${phase}: ${done} of ${total}` : phase),
  };
  const prepared = dryRun
    ? await (await import('../../../datasets/preparing/dry-run.ts')).prepareDry(paths, source, wish)
    : await (await import('../../../datasets/preparing/prepare.ts')).prepareDataset(paths, source, options.out, wish);
  out.clearProgress();
  const seconds = (performance.now() - began) / 1000;
  out.result({ dryRun, prepared, seconds }, () => preparedLines(prepared, dryRun));
  return prepared.leaks.some(({ dirty }) => dirty > 0) ? EXIT.gateSaysNo : undefined;
}

async function wishOf(options: Options, env: NodeJS.ProcessEnv): Promise<PrepareOptions> {
  const { parseColumnMap } = await import('../../../datasets/importers/column-map.ts');
  const { for: targets, name: as, format, map, test, dev, seed, negatives, fix } = options;
  return {
    fix,
    ...(targets === undefined ? {} : { targets }),
    ...(test === undefined ? {} : { test }),
    ...(dev === undefined ? {} : { dev }),
    ...(seed === undefined ? {} : { seed }),
    ...(negatives === undefined ? {} : { negatives }),
    import: {
      hub: { env },
      ...(as === undefined ? {} : { name: as }),
      ...(format === undefined ? {} : { format }),
      ...(map === undefined ? {} : { map: parseColumnMap(map) }),
    },
  };
}

function preparedLines(prepared: Prepared, dryRun: boolean): string[] {
  const { imported, found, fixed, left, retrieval } = prepared;
  const counts = ({ error, warning, info }: Prepared['found']) => `${error} errors, ${warning} warnings, ${info} notes`;
  const leaked = prepared.leaksBefore.reduce((sum, { dirty }) => sum + dirty, 0);
  return [
    ...(imported ? [`imported  ${imported.rows} rows as ${imported.format}, ${imported.skipped} skipped`] : []),
    `checked   ${counts(found)}`,
    ...(fixed ? [`fixed     ${fixed.changed} rows corrected, ${fixed.dropped} dropped`] : []),
    `split     ${splitLine(prepared.split)}`,
    `leaks     ${leaked} rows leaked; ${prepared.leaksDropped} training rows were dropped for it`,
    ...prepared.leaks.map((leak) => `          ${leakLine(leak).trim()}`),
    `left      ${counts(left)}: ragtui dataset check ${prepared.dataset}`,
    ...(retrieval
      ? [
          `negatives ${retrieval.dataset}: ${retrieval.rows} rows, ${retrieval.quarantined} doubtful negatives set apart`,
        ]
      : []),
    ...prepared.forecasts.map((forecast) => `forecast  ${forecastLine(forecast).trim()}`),
    ...prepared.files.map(({ rows, file }) => `${dryRun ? 'would be' : 'written'}  ${rows} rows: ${file}`),
    ...(dryRun ? ['Nothing was changed.'] : [`dataset   ${prepared.dataset} ${prepared.version}`]),
  ];
}
