import { RagtuiError } from '../../platform/errors.ts';
import { decodePieces, detectEncoding } from './encoding.ts';
import { documentsOfRows, type Row } from './rows.ts';
import { LIMITS, type Loader } from './types.ts';

const MAX_LINE_CHARS = 16_000_000;

/** One JSON object a line, one document each (see rows.ts); a line that is only a string is its own text. */
export const jsonl: Loader = {
  id: 'jsonl',
  extensions: ['.jsonl', '.ndjson'],
  maxBytes: LIMITS.rows,
  async *load(file, options) {
    const bytes = await file.read();
    const encoding = detectEncoding(bytes);
    yield* documentsOfRows(file.path, () => rowsOf(decodePieces(bytes, encoding, 256 * 1024)), options);
  },
};

function* rowsOf(text: Iterable<string>): Generator<Row> {
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    if (line.trim() !== '') yield rowOf(line, number);
  }
}

function rowOf(line: string, number: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RagtuiError('corrupt', `Line ${number} is not JSON.`, 'Correct that line: one JSON object a line.');
  }
  const row = asRow(value);
  if (row) return row;
  throw new RagtuiError('unsupported', `Line ${number} is not a JSON object.`, 'Write one JSON object a line.');
}

/** An object as it is, a string as `{text}`. */
export function asRow(value: unknown): Row | undefined {
  if (typeof value === 'string') return { text: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function* linesOf(pieces: Iterable<string>): Generator<string> {
  let held: string[] = [];
  let chars = 0;
  let number = 1;
  for (const piece of pieces) {
    const lines = piece.split('\n');
    for (const line of lines.slice(0, -1)) {
      yield held.join('') + line;
      held = [];
      chars = 0;
      number++;
    }
    const open = lines.at(-1) ?? '';
    held.push(open);
    chars += open.length;
    if (chars > MAX_LINE_CHARS) {
      const limit = MAX_LINE_CHARS.toLocaleString('en');
      throw new RagtuiError('unsupported', `Line ${number} has more than ${limit} characters.`, 'Split it into rows.');
    }
  }
  yield held.join('');
}
