import type { Command } from 'commander';
import { z } from 'zod';
import type { RowProblem } from '../../../datasets/types.ts';
import type { CommandContext } from '../../context.ts';
import { datasetJson, datasetLines } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { megabytes } from '../../output.ts';
import { name } from './arguments.ts';

const SHOWN_PROBLEMS = 20;

const importOptions = z.object({
  format: z.string().min(1),
  name: z.string().min(1).optional(),
  kind: z.enum(['qa', 'sft', 'retrieval'], 'qa, sft or retrieval').optional(),
});

/** `ragtui dataset import FILE`. */
export function addImport(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('import')
      .description('read a file into a dataset; bad rows are named and left out')
      .argument('<file>')
      .requiredOption('--format <format>', 'cmrc, squad, financial-qa, alpaca or openai')
      .option('--name <name>', 'what to call it (default: the name of the file)')
      .option('--kind <kind>', 'for alpaca: sft (default), or qa where the instruction is the SFT prompt'),
    invocation,
    { args: name, options: importOptions },
    importFile,
  );
}

async function importFile(
  { out, paths, signal }: CommandContext,
  [file]: [string],
  { format, name: as, kind }: z.output<typeof importOptions>,
): Promise<undefined> {
  const { importDataset } = await import('../../../datasets/import.ts');
  const report = await importDataset(paths, file, {
    format,
    signal,
    ...(as === undefined ? {} : { name: as }),
    ...(kind === undefined ? {} : { kind }),
    onProgress: ({ bytes, total, rows }) =>
      out.progress(`${rows} rows, ${megabytes(bytes)} of ${megabytes(total)} read`),
  });
  const { manifest, added, skipped, warnings, problems } = report;
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) out.note(problemLine(file, problem));
  const more = skipped + warnings - Math.min(problems.length, SHOWN_PROBLEMS);
  if (more > 0) out.note(`… and ${more} more.`);
  const { rows, questions, contexts } = manifest;
  out.result({ dataset: datasetJson(manifest), rows, questions, contexts, added, skipped, warnings, problems }, () => [
    added ? `Imported ${manifest.name} ${manifest.version}.` : `${manifest.name} already has exactly these rows.`,
    ...datasetLines(manifest),
    ...(skipped > 0 ? [`skipped    ${skipped} rows that could not be read`] : []),
  ]);
}

function problemLine(file: string, { severity, line, message }: RowProblem): string {
  return `${file}, line ${line}: ${severity === 'skipped' ? 'left out: ' : ''}${message}`;
}
