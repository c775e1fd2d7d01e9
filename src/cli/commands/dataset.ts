import type { Command } from 'commander';
import { z } from 'zod';
import type { RowProblem } from '../../datasets/types.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { datasetJson, datasetLines, rowLines, splitLine } from '../dataset-text.ts';
import { handle, type Invocation } from '../define.ts';
import { megabytes, table } from '../output.ts';

const name = z.tuple([z.string().min(1)]);
const none = z.tuple([]);
const noOptions = z.object({});
const whole = z.coerce.number('a whole number').int('a whole number').nonnegative('a whole number');
const size = z.coerce.number('a number of rows, or a share below 1').positive('a number of rows, or a share below 1');
const SHOWN_PROBLEMS = 20;

const importOptions = z.object({
  format: z.string().min(1),
  name: z.string().min(1).optional(),
  kind: z.enum(['qa', 'sft', 'retrieval'], 'qa, sft or retrieval').optional(),
});
const showOptions = z.object({ row: whole.optional(), split: z.string().optional() });
const splitOptions = z.object({
  by: z.enum(['context', 'tutorial'], 'context or tutorial'),
  seed: whole.optional(),
  test: size.optional(),
  dev: size.optional(),
});
const negativeOptions = z.object({
  count: whole.min(1, 'at least 1').default(10),
  seed: whole.optional(),
  split: z.string().optional(),
  instruction: z.string().optional(),
  name: z.string().min(1).optional(),
});
const exportOptions = z.object({
  to: z.enum(['llamafactory', 'flagembedding'], 'llamafactory or flagembedding'),
  out: z.string().min(1),
  split: z.string().optional(),
  negatives: whole.min(1, 'at least 1').default(10),
  seed: whole.optional(),
  instruction: z.string().optional(),
});

/** `ragtui dataset import|list|show|split|negatives|render|export|delete`. */
export function addDataset(program: Command, invocation: Invocation): void {
  const dataset = program.command('dataset').description('questions and answers to train on and to evaluate with');
  addMaking(dataset, invocation);
  addUsing(dataset, invocation);
}

function addMaking(dataset: Command, invocation: Invocation): void {
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
  handle(
    dataset
      .command('split')
      .description('cut a dataset into train and test')
      .argument('<name>')
      .requiredOption('--by <method>', 'context (no context in two parts) or tutorial (its very rows)')
      .option('--test <n>', 'rows, or a share below 1 (default: 0.1)')
      .option('--dev <n>', 'a third part, the same way')
      .option('--seed <n>', 'default: 1314'),
    invocation,
    { args: name, options: splitOptions },
    split,
  );
  handle(
    dataset
      .command('negatives')
      .description('make retrieval rows: each question, its context, and other contexts')
      .argument('<name>')
      .option('--count <n>', 'negatives per question (default: 10)')
      .option('--split <part>', 'part of the dataset, e.g. train (default: all)')
      .option('--seed <n>', 'default: 1314')
      .option('--instruction <text>', "the embedder's query instruction (default: BGE's, by the language)")
      .option('--name <name>', 'what to call it (default: NAME-retrieval)'),
    invocation,
    { args: name, options: negativeOptions },
    negatives,
  );
}

function addUsing(dataset: Command, invocation: Invocation): void {
  handle(dataset.command('list').description('all datasets'), invocation, { args: none, options: noOptions }, list);
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

async function importFile(
  { out, paths, signal }: CommandContext,
  [file]: [string],
  { format, name: as, kind }: z.output<typeof importOptions>,
): Promise<undefined> {
  const { importDataset } = await import('../../datasets/import.ts');
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

async function list({ out, paths }: CommandContext): Promise<undefined> {
  const { listDatasets } = await import('../../datasets/store.ts');
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

async function show(
  { out, paths }: CommandContext,
  [which]: [string],
  { row, split: part }: z.output<typeof showOptions>,
): Promise<undefined> {
  const { openDataset } = await import('../../datasets/open.ts');
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

async function rowNumber(
  dataset: { rowNumbers(part?: string): readonly number[] },
  row: number,
  part: string | undefined,
): Promise<number> {
  if (part === undefined) return row;
  const numbers = dataset.rowNumbers(part);
  const number = numbers[row];
  if (number !== undefined) return number;
  const { RagtuiError } = await import('../../platform/errors.ts');
  throw new RagtuiError(
    'not-found',
    `The part "${part}" has no row ${row}.`,
    `Its rows are 0 to ${numbers.length - 1}.`,
  );
}

async function split(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  { by, seed, test, dev }: z.output<typeof splitOptions>,
): Promise<undefined> {
  const { splitDataset } = await import('../../datasets/split.ts');
  const { manifest, split: made } = await splitDataset(paths, which, {
    method: by,
    signal,
    ...(seed === undefined ? {} : { seed }),
    ...(test === undefined ? {} : { test }),
    ...(dev === undefined ? {} : { dev }),
  });
  out.result({ dataset: datasetJson(manifest), split: made }, () => splitLine(made));
}

async function negatives(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  { count, seed, split: part, instruction, name: as }: z.output<typeof negativeOptions>,
): Promise<undefined> {
  const { makeRetrievalDataset } = await import('../../datasets/negatives.ts');
  const { manifest } = await makeRetrievalDataset(paths, which, {
    count,
    signal,
    instruction: instruction ?? (await usualInstruction(paths, which)),
    ...(seed === undefined ? {} : { seed }),
    ...(part === undefined ? {} : { part }),
    ...(as === undefined ? {} : { as }),
  });
  const { rows, questions, contexts } = manifest;
  out.result({ dataset: datasetJson(manifest), rows, questions, contexts }, () => [
    `Made ${manifest.name} ${manifest.version}.`,
    ...datasetLines(manifest),
  ]);
}

/** BGE's query instruction in the language of the questions; none for retrieval rows, which have their own. */
async function usualInstruction(paths: CommandContext['paths'], which: string): Promise<string> {
  const { openDataset } = await import('../../datasets/open.ts');
  const { bgeInstruction } = await import('../../datasets/instructions.ts');
  const dataset = openDataset(paths, which);
  return dataset.kind === 'qa' ? bgeInstruction(dataset) : '';
}

async function render(
  { out, paths }: CommandContext,
  [which]: [string],
  { row, split: part }: { row: number; split?: string | undefined },
): Promise<undefined> {
  const { openDataset } = await import('../../datasets/open.ts');
  const { renderRow } = await import('../../datasets/render.ts');
  const dataset = openDataset(paths, which);
  const number = await rowNumber(dataset, row, part);
  const messages = renderRow(dataset.row(number), number);
  out.result({ number, messages }, () => messages.flatMap(({ role, content }) => [`── ${role}`, content]));
}

async function exportTo(
  { out, paths }: CommandContext,
  [which]: [string],
  options: z.output<typeof exportOptions>,
): Promise<undefined> {
  const { openDataset } = await import('../../datasets/open.ts');
  const dataset = openDataset(paths, which);
  const { split: part } = options;
  const omitted = (rows: number) => (rows > 0 ? ` ${rows} incomplete rows were left out.` : '');
  if (options.to === 'llamafactory') {
    const { exportLlamaFactory } = await import('../../datasets/export-llamafactory.ts');
    const made = await exportLlamaFactory(dataset, part, options.out);
    out.result({ export: made, rows: made.rows }, () => [
      `Wrote ${made.rows} rows to ${made.rowsFile}.${omitted(made.omitted)}`,
      `dataset_dir: ${options.out}, dataset: ${made.dataset}`,
    ]);
    return;
  }
  const { exportFlagEmbedding } = await import('../../datasets/export-flagembedding.ts');
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

async function remove(context: CommandContext, [which]: [string], { yes }: { yes: boolean }): Promise<undefined> {
  const { deleteDataset, readManifest } = await import('../../datasets/store.ts');
  const { name: found, rows } = readManifest(context.paths, which);
  await confirm(context, yes, `Deletes the dataset ${found} with its ${rows} rows and all its versions.`);
  await deleteDataset(context.paths, found);
  context.out.result({ deleted: found }, () => `Deleted ${found}.`);
}
