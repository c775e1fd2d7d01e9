import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { datasetJson, datasetLines, rowLines } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, whole } from './arguments.ts';
import { rowNumber } from './row-number.ts';

const showOptions = z.object({ row: whole.optional(), split: z.string().optional() });

/** `ragtui dataset show NAME`. */
export function addShow(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('show')
      .description('one dataset: counts, splits, where it comes from')
      .argument('<name>')
      .option('--row <n>', 'show this row, from 0')
      .option('--split <part>', 'count rows within this part'),
    invocation,
    { args: name, options: showOptions },
    show,
  );
}

async function show(
  { out, paths }: CommandContext,
  [which]: [string],
  { row, split: part }: z.output<typeof showOptions>,
): Promise<undefined> {
  const { openDataset } = await import('../../../datasets/open.ts');
  const dataset = openDataset(paths, which);
  const { manifest } = dataset;
  const { rows, questions, contexts } = manifest;
  if (row === undefined) {
    out.result({ dataset: datasetJson(manifest), rows, questions, contexts }, () => datasetLines(manifest));
    return;
  }
  const number = await rowNumber(dataset, row, part);
  const found = dataset.row(number);
  out.result({ dataset: datasetJson(manifest), number, row: found }, () => rowLines(number, found));
}
