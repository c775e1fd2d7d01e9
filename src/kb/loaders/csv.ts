import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { RagtuiError } from '../../platform/errors.ts';
import { decodePieces, detectEncoding } from './encoding.ts';
import { documentsOfRows, type Row } from './rows.ts';
import { LIMITS, type Loader } from './types.ts';

/** More than this in one row is a quote that was never closed. */
const MAX_ROW_CHARS = 4_000_000;

/** Comma, semicolon, tab or bar separated tables with a header row: one document per row (see rows.ts). */
export const csv: Loader = {
  id: 'csv',
  extensions: ['.csv', '.tsv'],
  maxBytes: LIMITS.rows,
  async *load(file, options) {
    const bytes = await file.read();
    const encoding = detectEncoding(bytes);
    const delimiter = delimiterOf(decodePieces(bytes, encoding, 64 * 1024).next().value ?? '');
    const rows = (): AsyncIterable<Row> => rowsOf(decodePieces(bytes, encoding, 256 * 1024), delimiter);
    yield* documentsOfRows(file.path, rows, options, encoding.label === 'utf-8' ? {} : { encoding: encoding.label });
  },
};

async function* rowsOf(text: Iterable<string>, delimiter: string): AsyncGenerator<Row> {
  const parser = parse({
    columns: headerNames,
    delimiter,
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_ROW_CHARS,
  });
  const source = Readable.from(text);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    yield* parser;
  } catch (error) {
    throw error instanceof CsvError ? broken(error) : error;
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function broken(error: CsvError): RagtuiError {
  const line = 'lines' in error && typeof error.lines === 'number' ? ` near line ${error.lines}` : '';
  const why = /quote|max_record_size|CLOSE|RECORD_SIZE/i.test(error.code)
    ? 'a quotation mark that is never closed'
    : error.message.split('\n')[0];
  return new RagtuiError(
    'corrupt',
    `It is not a valid table${line}: ${why}.`,
    'Save it again as CSV with a header row.',
  );
}

/** Names of the columns: none empty, none twice. */
function headerNames(header: readonly string[]): string[] {
  const seen = new Set<string>();
  return header.map((cell, i) => {
    const name = cell.trim() || `column ${i + 1}`;
    const unique = seen.has(name) ? `${name} (${i + 1})` : name;
    seen.add(unique);
    return unique;
  });
}

/** The separator that occurs most often in the first line, outside quotes. */
function delimiterOf(text: string): string {
  const line = (text.split('\n', 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counted = [',', '\t', ';', '|'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length - 1 }));
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}
