import { RagtuiError } from '../platform/errors.ts';

/** A message may not be larger (bytes): a bound on memory on both sides. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** One message as a line. */
export function encodeLine(message: unknown): Buffer {
  const line = Buffer.from(`${JSON.stringify(message)}\n`, 'utf8');
  if (line.length <= MAX_MESSAGE_BYTES) return line;
  throw new RagtuiError(
    'invalid',
    `A message of ${Math.round(line.length / 1e6)} MB is too large for the knowledge base service (limit 64 MB).`,
    'Split the document, or ask for fewer rows.',
  );
}

/** Cuts a byte stream into lines; a line longer than a message may be is an error. */
export class LineReader {
  #parts: Buffer[] = [];
  #bytes = 0;

  *push(data: Buffer): Generator<string> {
    let from = 0;
    for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, from)) {
      const line = [...this.#parts, data.subarray(from, at)];
      this.#parts = [];
      this.#bytes = 0;
      from = at + 1;
      yield Buffer.concat(line).toString('utf8');
    }
    if (from === data.length) return;
    this.#parts.push(data.subarray(from));
    this.#bytes += data.length - from;
    if (this.#bytes > MAX_MESSAGE_BYTES) throw new RagtuiError('invalid', 'A message is longer than 64 MB.');
  }
}
