import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, whole } from './arguments.ts';

const exportOptions = z.object({
  to: z.string().min(1),
  out: z.string().min(1),
  split: z.string().optional(),
  negatives: whole.min(1, 'at least 1').default(10),
  seed: whole.optional(),
  instruction: z.string().optional(),
  system: z.union([z.string(), z.literal(false)]).optional(),
  spreadsheet: z.boolean().default(false),
});

/** `ragtui dataset export NAME`. */
export function addExport(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('export')
      .description('write a part as files of a training engine, or as plain files')
      .argument('<name>')
      .requiredOption(
        '--to <format>',
        'llamafactory, flagembedding, sentence-transformers, openai, alpaca, sharegpt, jsonl, csv or parquet',
      )
      .requiredOption('--out <dir>', 'folder to write into')
      .option('--split <part>', 'part of the dataset, e.g. train (default: all)')
      .option('--system <text>', 'for rows without a system text (default: You are a helpful assistant.)')
      .option('--no-system', 'leave rows without a system text as they are')
      .option('--negatives <n>', 'qa rows for an embedder: random negatives per question (default: 10)')
      .option('--seed <n>', 'of the negatives (default: 1314)')
      .option('--instruction <text>', "the embedder's query instruction (default: BGE's, by the language)")
      .option('--spreadsheet', 'csv: an apostrophe before what a spreadsheet would run as a formula'),
    invocation,
    { args: name, options: exportOptions },
    exportTo,
  );
}

async function exportTo(
  { out, paths }: CommandContext,
  [which]: [string],
  { to, out: folder, split: part, system, ...options }: z.output<typeof exportOptions>,
): Promise<undefined> {
  const { openDataset } = await import('../../../datasets/open.ts');
  const { exportDataset, findExporter } = await import('../../../datasets/exporters/registry.ts');
  findExporter(to);
  const { seed, instruction, ...always } = options;
  const made = await exportDataset(openDataset(paths, which), to, part, folder, {
    ...always,
    ...(seed === undefined ? {} : { seed }),
    ...(instruction === undefined ? {} : { instruction }),
    ...(system === undefined ? {} : { system: system === false ? null : system }),
  });
  out.result({ export: made, rows: made.rows }, () => [
    `Wrote ${made.rows} rows to ${made.file}.${made.omitted > 0 ? ` ${made.omitted} incomplete rows were left out.` : ''}`,
    ...made.notes,
    ...(made.instruction === '' ? [] : [`query instruction: ${made.instruction}`]),
  ]);
}
