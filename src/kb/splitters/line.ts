import type { ChunkDraft } from '../types.ts';
import { cutLong, type Span } from './spans.ts';

/** Lines longer than this are cut at sentence or word borders: no embedder or reader has use for more. */
export const MAX_LINE_CHARS = 10_000;

/** Splits at "\n" as the tutorial does: every line that is not blank is a chunk, exactly as it stands. */
export function splitLines(text: string): ChunkDraft[] {
  const chunks: ChunkDraft[] = [];
  for (const line of lineSpans(text)) {
    for (const { start, end } of cutLong(text, line, MAX_LINE_CHARS)) {
      chunks.push({ ordinal: chunks.length, start, end, title: '', text: text.slice(start, end) });
    }
  }
  return chunks;
}

/** Lines with something on them, without their "\n". */
function* lineSpans(text: string): Generator<Span> {
  let start = 0;
  while (start <= text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (text.slice(start, end).trim() !== '') yield { start, end };
    start = end + 1;
  }
}
