import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, whole } from './arguments.ts';
import { usualInstruction } from './usual-instruction.ts';

const exportOptions = z.object({
  to: z.enum(['llamafactory', 'flagembedding'], 'llamafactory or flagembedding'),
  out: z.string().min(1),
  split: z.string().optional(),
  negatives: whole.min(1, 'at least 1').default(10),
  seed: whole.optional(),
  instruction: z.string().optional(),
});

/** `ragtui dataset export NAME`. */
export function addExport(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('export')
      .description('write a part as files of a training engine')
      .argument('<name>')
      .requiredOption('--to <engine>', 'llamafactory or flagembedding')
      .requiredOption('--out <dir>', 'folder to write into')
      .option('--split <part>', 'part of the dataset, e.g. train (default: all)')
      .option('--negatives <n>', 'flagembedding: per question (default: 10)')
      .option('--seed <n>', 'flagembedding: of the negatives (default: 1314)')
      .option(
        '--instruction <text>',
        "flagembedding: the embedder's query instruction (default: BGE's, by the language)",
      ),
    invocation,
    { args: name, options: exportOptions },
    exportTo,
  );
}

async function exportTo(
  { out, paths }: CommandContext,
  [which]: [string],
  options: z.output<typeof exportOptions>,
): Promise<undefined> {
  const { openDataset } = await import('../../../datasets/open.ts');
  const dataset = openDataset(paths, which);
  const { split: part } = options;
  const omitted = (rows: number) => (rows > 0 ? ` ${rows} incomplete rows were left out.` : '');
  if (options.to === 'llamafactory') {
    const { exportLlamaFactory } = await import('../../../datasets/export-llamafactory.ts');
    const made = await exportLlamaFactory(dataset, part, options.out);
    out.result({ export: made, rows: made.rows }, () => [
      `Wrote ${made.rows} rows to ${made.rowsFile}.${omitted(made.omitted)}`,
      `dataset_dir: ${options.out}, dataset: ${made.dataset}`,
    ]);
    return;
  }
  const { exportFlagEmbedding } = await import('../../../datasets/export-flagembedding.ts');
  const instruction = options.instruction ?? (await usualInstruction(paths, which));
  const made = await exportFlagEmbedding(dataset, part, options.out, {
    negatives: options.negatives,
    instruction,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  out.result({ export: { ...made, instruction }, rows: made.rows }, () => [
    `Wrote ${made.rows} rows to ${made.file}.${omitted(made.omitted)}`,
    ...(instruction === '' ? [] : [`query instruction: ${instruction}`]),
  ]);
}
