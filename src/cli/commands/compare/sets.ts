import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { withKb } from '../../kb-client.ts';

/** `ragtui compare sets`: saved columns; `--remove NAME` forgets some. */
export function addSets(compare: Command, invocation: Invocation): void {
  handle(
    compare.command('sets').description('columns saved by name').option('--remove <name>', 'forget these'),
    invocation,
    { args: z.tuple([]), options: z.object({ remove: z.string().min(1).optional() }) },
    sets,
  );
}

async function sets(context: CommandContext, _: [], { remove }: { remove?: string | undefined }): Promise<undefined> {
  const { settingsLine } = await import('../../../rag/comparisons/facts.ts');
  await withKb(context, async (kb) => {
    if (remove !== undefined) {
      await kb.call('columnSets.remove', { name: remove });
      context.out.result({ removed: remove }, () => `Forgot the columns ${remove}.`);
      return;
    }
    const found = await kb.call('columnSets.list', {});
    context.out.result({ sets: found }, () =>
      found.length === 0
        ? 'No columns are saved. Save some with: ragtui compare … --save-set NAME'
        : found.flatMap(({ name, columns }) => [
            name,
            ...columns.map((column) => `  ${column.name}: ${settingsLine(column)}`),
          ]),
    );
  });
  return undefined;
}
