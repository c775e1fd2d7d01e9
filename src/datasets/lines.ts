import { RagtuiError } from '../platform/errors.ts';

/** No row is longer; a file without line ends must not fill the memory. */
export const LONGEST_ROW_CHARS = 64_000_000;

/**
 * The lines of a text that comes in pieces, split at "\n" alone: U+2028 and a lone "\r" are text inside JSON, which
 * is why Node's readline will not do. A "\r" before the "\n" is left to the caller.
 */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const batch of lineBatches(pieces)) yield* batch;
}

/** The same, all lines of a piece at once: many times as fast for files with many short lines. */
export async function* lineBatches(pieces: AsyncIterable<string>): AsyncGenerator<string[]> {
  let held: string[] = [];
  let chars = 0;
  let number = 1;
  for await (const piece of pieces) {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      held.push(piece.slice(start, end));
      lines.push(held.length === 1 ? (held[0] ?? '') : held.join(''));
      held = [];
      chars = 0;
      number++;
      start = end + 1;
    }
    held.push(piece.slice(start));
    chars += piece.length - start;
    if (chars > LONGEST_ROW_CHARS) throw tooLong(number);
    if (lines.length > 0) yield lines;
  }
  const last = held.join('');
  if (last !== '') yield [last];
}

/** The error for a row that begins at `line` and does not end. */
export function tooLong(line: number): RagtuiError {
  const limit = LONGEST_ROW_CHARS.toLocaleString('en');
  return new RagtuiError(
    'unsupported',
    `The row at line ${line} has more than ${limit} characters.`,
    'Is it the format you named?',
  );
}
