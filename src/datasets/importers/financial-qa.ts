import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { contextIdOf, emptyFields } from './fields.ts';
import { type Imported, type Importer, type ImportSource, skipped, warning } from './types.ts';

/** More than this in one row is a quotation mark that was never closed. */
const LONGEST_RECORD_CHARS = 4_000_000;
const NEEDED = ['question', 'answer', 'context'] as const;

const recordSchema = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) });

/** virattt/financial-qa-10K and any CSV with the columns question, answer, context; other columns become metadata. */
export const financialQa: Importer<'qa'> = {
  format: 'financial-qa',
  kind: 'qa',
  description: 'CSV with the columns question, answer, context (others are kept as metadata)',
  async *read(source) {
    let header: readonly string[] | undefined;
    let number = 0;
    for await (const { fields, line } of recordsOf(source)) {
      if (header) yield* rowOf(header, fields, line, number++);
      else header = checkedHeader(fields);
    }
    if (!header) throw new RagtuiError('invalid', 'The file is empty.', 'Name a CSV file with a header row.');
  },
};

async function* recordsOf(source: ImportSource): AsyncGenerator<{ fields: readonly string[]; line: number }> {
  const parser = parse({
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_RECORD_CHARS,
  });
  const input = Readable.from(source.text);
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let line = 1;
  try {
    for await (const value of parser) {
      const { record, info } = recordSchema.parse(value);
      yield { fields: record, line };
      line = info.lines + 1;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new RagtuiError(
      'corrupt',
      `The row at line ${line} is not valid CSV: a quotation mark is probably never closed.`,
      'Correct that row, or save the file again as CSV.',
    );
  } finally {
    input.destroy();
    parser.destroy();
  }
}

function checkedHeader(fields: readonly string[]): readonly string[] {
  const header = fields.map((name) => name.trim());
  const missing = NEEDED.filter((name) => !header.includes(name));
  if (missing.length === 0) return header;
  throw new RagtuiError(
    'invalid',
    `The header has no column ${missing.join(', ')}.`,
    `Its columns are: ${header.join(', ')}.`,
  );
}

function* rowOf(
  header: readonly string[],
  fields: readonly string[],
  line: number,
  number: number,
): Generator<Imported<'qa'>> {
  if (fields.length !== header.length) {
    yield skipped(line, `it has ${fields.length} columns, the header has ${header.length}.`);
    return;
  }
  const values = Object.fromEntries(header.map((name, column) => [name, fields[column] ?? '']));
  const { question = '', answer = '', context = '', id: _, ...metadata } = values;
  const empty = emptyFields({ question, answer, context });
  if (empty) yield warning(line, `${empty}.`);
  const contextId = contextIdOf(context);
  yield { row: { id: `row-${number}`, contextId, context, question, answers: [answer], metadata } };
}
