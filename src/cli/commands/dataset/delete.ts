import type { Command } from 'commander';
import { z } from 'zod';
import { confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { name } from './arguments.ts';

/** `ragtui dataset delete NAME`. */
export function addDelete(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('delete')
      .description('delete a dataset with all its versions')
      .argument('<name>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: name, options: z.object({ yes: z.boolean().default(false) }) },
    remove,
  );
}

async function remove(context: CommandContext, [which]: [string], { yes }: { yes: boolean }): Promise<undefined> {
  const { deleteDataset, readManifest } = await import('../../../datasets/store.ts');
  const { name: found, rows } = readManifest(context.paths, which);
  await confirm(context, yes, `Deletes the dataset ${found} with its ${rows} rows and all its versions.`);
  await deleteDataset(context.paths, found);
  context.out.result({ deleted: found }, () => `Deleted ${found}.`);
}
