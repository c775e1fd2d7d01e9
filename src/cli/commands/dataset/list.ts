import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { datasetJson } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { table } from '../../output.ts';
import { none } from './arguments.ts';

/** `ragtui dataset list`. */
export function addList(dataset: Command, invocation: Invocation): void {
  handle(
    dataset.command('list').description('all datasets').option('--deleted', 'those in the trash instead'),
    invocation,
    { args: none, options: z.object({ deleted: z.boolean().default(false) }) },
    list,
  );
}

async function list({ out, paths }: CommandContext, _: [], { deleted }: { deleted: boolean }): Promise<undefined> {
  if (deleted) return listDeleted(out, paths);
  const { listDatasets } = await import('../../../datasets/store.ts');
  const all = listDatasets(paths);
  out.result({ datasets: all.map(datasetJson) }, () =>
    all.length === 0
      ? 'No dataset yet. Make one: ragtui dataset import FILE --format FORMAT'
      : table(
          ['NAME', 'KIND', 'ROWS', 'QUESTIONS', 'CONTEXTS', 'VERSION', 'SPLITS'],
          all.map((one) => [
            one.name,
            one.kind,
            String(one.rows),
            String(one.questions),
            one.kind === 'sft' ? '' : String(one.contexts),
            one.version,
            one.splits.map((made) => made.name).join(' '),
          ]),
        ),
  );
}

async function listDeleted(out: CommandContext['out'], paths: CommandContext['paths']): Promise<undefined> {
  const { listTrash } = await import('../../../datasets/trash.ts');
  const all = listTrash(paths).map(({ name, rows, deletedAt }) => ({ name, rows, deletedAt: deletedAt.toISOString() }));
  out.result({ deleted: all }, () =>
    all.length === 0
      ? 'The trash is empty.'
      : table(
          ['NAME', 'ROWS', 'DELETED'],
          all.map(({ name, rows, deletedAt }) => [name, String(rows), deletedAt]),
        ),
  );
}
