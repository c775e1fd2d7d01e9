/** A piece of the text, [start, end) in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Whether a cut at `at` would part the two halves of one character. */
export function splitsSurrogates(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

/** The span without white space at its ends; undefined when nothing else is in it. */
export function trimSpan(text: string, { start, end }: Span): Span | undefined {
  const piece = text.slice(start, end);
  const from = start + (piece.length - piece.trimStart().length);
  const to = end - (piece.length - piece.trimEnd().length);
  return from < to ? { start: from, end: to } : undefined;
}

const SENTENCE_END = /[。！？；!?;.][”’」』）)】\]"']*\s*/g;
const BLANK = /\s+/g;

/**
 * Cuts a span into pieces of at most `maxChars`: after a sentence, a blank, else anywhere between two characters,
 * looking back at most half a piece. The pieces touch; nothing is lost. Blank pieces are left out.
 */
export function cutLong(text: string, span: Span, maxChars: number): Span[] {
  if (span.end - span.start <= maxChars) return [span];
  const pieces: Span[] = [];
  let start = span.start;
  while (span.end - start > maxChars) {
    const cut = bestCut(text, start, start + maxChars);
    pieces.push({ start, end: cut });
    start = cut;
  }
  pieces.push({ start, end: span.end });
  return pieces.filter((piece) => text.slice(piece.start, piece.end).trim() !== '');
}

/** The last good place to cut in (middle, limit]. */
function bestCut(text: string, start: number, limit: number): number {
  const middle = start + Math.floor((limit - start) / 2);
  const window = text.slice(middle, limit);
  for (const border of [SENTENCE_END, BLANK]) {
    let last = 0;
    for (const match of window.matchAll(border)) last = match.index + match[0].length;
    if (last > 0) return middle + last;
  }
  if (!splitsSurrogates(text, limit)) return limit;
  return limit - 1 > start ? limit - 1 : limit + 1;
}
