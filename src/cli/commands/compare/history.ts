import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { keptJson, keptLines, summaryRow } from '../../compare-text.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { withKb } from '../../kb-client.ts';
import { table } from '../../output.ts';
import { type IdArgument, idArgument, keptComparison, keptId } from './kept.ts';

const none = z.object({});
const whole = z.coerce.number('a whole number').int('a whole number');
const historyOptions = z.object({
  limit: whole.min(1, '1 to 1000').max(1000, '1 to 1000').default(20),
  offset: whole.min(0, 'not negative').default(0),
  voted: z.boolean().default(false),
});
const exportOptions = z.object({
  format: z.enum(['md', 'json', 'html'], 'md, json or html').default('md'),
  out: z.string().min(1).optional(),
});

/** `ragtui compare history | show | export | remove | restore`. */
export function addHistory(compare: Command, invocation: Invocation): void {
  handle(
    compare
      .command('history')
      .description('comparisons that were made, newest first')
      .argument('[words...]', 'all of them occur in question, knowledge base, columns or models')
      .option('--limit <n>', 'at most so many (default: 20)')
      .option('--offset <n>', 'without the first so many')
      .option('--voted', 'only those with a vote'),
    invocation,
    { args: z.tuple([z.array(z.string())]), options: historyOptions },
    history,
  );
  handle(
    compare.command('show').description('one comparison, whole').argument('<id>', 'its number, or latest'),
    invocation,
    { args: idArgument, options: none },
    show,
  );
  handle(
    compare
      .command('export')
      .description('a comparison as a document')
      .argument('<id>', 'its number, or latest')
      .option('--format <format>', 'md, json or html (default: md)')
      .option('--out <file>', 'write it there (default: standard output)'),
    invocation,
    { args: idArgument, options: exportOptions },
    exportOne,
  );
  handle(
    compare
      .command('remove')
      .description('take a comparison and its vote out of the history; kept for a week')
      .argument('<id>', 'its number, or latest'),
    invocation,
    { args: idArgument, options: none },
    remove,
  );
  handle(
    compare.command('restore').description('take back a removal').argument('<id>', 'its number'),
    invocation,
    { args: z.tuple([z.coerce.number('the number of a comparison').int().positive()]), options: none },
    restore,
  );
}

async function history(
  context: CommandContext,
  [words]: [string[]],
  { limit, offset, voted }: z.output<typeof historyOptions>,
): Promise<undefined> {
  await withKb(context, async (kb) => {
    const filter = words.join(' ');
    const found = await kb.call('comparisons.list', { filter, limit, offset, ...(voted ? { voted } : {}) });
    context.out.result(found, () => {
      if (found.total === 0) return filter ? 'Nothing in the history has these words.' : 'There is no comparison yet.';
      const rows = found.comparisons.map(summaryRow);
      const more = found.total - offset - rows.length;
      return [
        ...table(['id', 'when', 'knowledge base', 'columns', 'preferred', 'question'], rows),
        ...(more > 0 ? [`${more} more: --offset ${offset + rows.length}`] : []),
      ];
    });
  });
  return undefined;
}

async function show(context: CommandContext, [id]: [IdArgument]): Promise<undefined> {
  const { out } = context;
  const kept = await withKb(context, (kb) => keptComparison(kb, id));
  const width = out.stdout.isTTY ? (out.stdout.columns ?? 80) : 0;
  out.result(keptJson(kept), () => keptLines(kept, width));
  return undefined;
}

async function exportOne(
  context: CommandContext,
  [id]: [IdArgument],
  { format, out: file }: z.output<typeof exportOptions>,
): Promise<undefined> {
  const { out } = context;
  const kept = await withKb(context, (kb) => keptComparison(kb, id));
  const { exportComparison } = await import('../../../rag/comparisons/export/export.ts');
  const text = exportComparison(kept, format);
  if (file === undefined) {
    // A document is the result itself, also where --json asks for one.
    out.stdout.write(text);
    return undefined;
  }
  writeFileSync(file, text, { mode: 0o600 });
  out.result({ file, id: kept.id, format }, () => `Wrote comparison ${kept.id} to ${file}.`);
  return undefined;
}

async function remove(context: CommandContext, [which]: [IdArgument]): Promise<undefined> {
  await withKb(context, async (kb) => {
    const id = await keptId(kb, which);
    await kb.call('comparisons.remove', { id });
    context.out.result({ removed: id }, () => `Removed comparison ${id}. For a week: ragtui compare restore ${id}`);
  });
  return undefined;
}

async function restore(context: CommandContext, [id]: [number]): Promise<undefined> {
  await withKb(context, (kb) => kb.call('comparisons.restore', { id }));
  context.out.result({ restored: id }, () => `Comparison ${id} is in the history again.`);
  return undefined;
}
