import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, whole } from './arguments.ts';
import { rowNumber } from './row-number.ts';

/** `ragtui dataset render NAME --row N`. */
export function addRender(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('render')
      .description('a row as the model sees it in training')
      .argument('<name>')
      .requiredOption('--row <n>', 'from 0')
      .option('--split <part>', 'count rows within this part'),
    invocation,
    { args: name, options: z.object({ row: whole, split: z.string().optional() }) },
    render,
  );
}

async function render(
  { out, paths }: CommandContext,
  [which]: [string],
  { row, split: part }: { row: number; split?: string | undefined },
): Promise<undefined> {
  const { openDataset } = await import('../../../datasets/open.ts');
  const { renderRow } = await import('../../../datasets/render.ts');
  const dataset = openDataset(paths, which);
  const number = await rowNumber(dataset, row, part);
  const messages = renderRow(dataset.row(number), number);
  out.result({ number, messages }, () => messages.flatMap(({ role, content }) => [`── ${role}`, content]));
}
