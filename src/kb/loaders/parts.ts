import { splitsSurrogates } from '../splitters/spans.ts';
import type { ExtractedDocument } from '../types.ts';

/** One document holds at most so many UTF-16 units; longer texts become several documents, `part 2` and so on. */
export const MAX_DOCUMENT_CHARS = 2_000_000;

type Base = Omit<ExtractedDocument, 'text'>;

/**
 * Makes documents of a text that comes in pieces: one, or one per part when it is longer than `maxChars`. Parts end
 * at an empty line, a line end or a blank where there is one in the last tenth, never inside a surrogate pair.
 */
export function* documentsOfPieces(
  pieces: Iterable<string>,
  base: Base,
  maxChars = MAX_DOCUMENT_CHARS,
): Generator<ExtractedDocument> {
  let held = '';
  let part = 0;
  for (const piece of pieces) {
    held += piece;
    while (held.length > maxChars) {
      const cut = cutBefore(held, maxChars);
      part++;
      yield partOf(base, held.slice(0, cut), part);
      held = held.slice(cut);
    }
  }
  if (part === 0) yield { ...base, text: held };
  else if (held.trim() !== '') yield partOf(base, held, part + 1);
}

function partOf(base: Base, text: string, part: number): ExtractedDocument {
  const key = base.key === '' ? `part ${part}` : `${base.key} part ${part}`;
  return { ...base, key, text, metadata: { ...base.metadata, part } };
}

/** The best place to cut at or before `limit`: after a blank line, a line, a blank, else at `limit` itself. */
function cutBefore(text: string, limit: number): number {
  const earliest = limit - Math.ceil(limit / 10);
  for (const border of ['\n\n', '\n', ' ']) {
    const at = text.lastIndexOf(border, limit - border.length);
    if (at >= earliest && at >= 0) return at + border.length;
  }
  return splitsSurrogates(text, limit) ? limit - 1 : limit;
}
