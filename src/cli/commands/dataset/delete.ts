import type { Command } from 'commander';
import { z } from 'zod';
import { confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { name } from './arguments.ts';

/** `ragtui dataset delete NAME` and `ragtui dataset restore NAME`. */
export function addDelete(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('delete')
      .description('move a dataset with all its versions to the trash, where it waits 7 days')
      .argument('<name>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: name, options: z.object({ yes: z.boolean().default(false) }) },
    remove,
  );
  handle(
    dataset
      .command('restore')
      .description('take a deleted dataset out of the trash ("dataset list --deleted" shows it)')
      .argument('<name>'),
    invocation,
    { args: name, options: z.object({}) },
    restore,
  );
}

async function remove(context: CommandContext, [which]: [string], { yes }: { yes: boolean }): Promise<undefined> {
  const { deleteDataset, readManifest } = await import('../../../datasets/store.ts');
  const { datasetUses, usesText } = await import('../../../datasets/uses.ts');
  const { name: found, rows } = readManifest(context.paths, which);
  const uses = usesText(datasetUses(context.paths, found));
  const used = uses === '' ? '' : ` It was used by ${uses}, whose rows could not be opened any more.`;
  await confirm(
    context,
    yes,
    `Moves the dataset ${found} with its ${rows} rows and all its versions to the trash.${used}`,
  );
  await deleteDataset(context.paths, found);
  context.out.result({ deleted: found }, () => `Deleted ${found}. Within 7 days: ragtui dataset restore ${found}`);
}

async function restore({ paths, out }: CommandContext, [which]: [string]): Promise<undefined> {
  const { restoreDataset } = await import('../../../datasets/store.ts');
  const { name: found, rows } = await restoreDataset(paths, which);
  out.result({ restored: found, rows }, () => `Restored ${found} with its ${rows} rows.`);
}
