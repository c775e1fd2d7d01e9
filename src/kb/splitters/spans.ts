import type { ChunkDraft } from '../types.ts';

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

/** Chunks of spans: trimmed, blank ones left out, numbered from `first`. */
export function chunksOf(text: string, spans: Iterable<Span>, title = '', first = 0): ChunkDraft[] {
  const chunks: ChunkDraft[] = [];
  for (const span of spans) {
    const trimmed = trimSpan(text, span);
    if (!trimmed) continue;
    const { start, end } = trimmed;
    chunks.push({ ordinal: first + chunks.length, start, end, title, text: text.slice(start, end) });
  }
  return chunks;
}

const SENTENCE_END = /[。！？；!?;.][”’」』）)】\]"']*\s*/g;
const CLAUSE_END = /[，、,:：]["'”’」』）)】]*\s*/g;
const BLANK = /\s+/g;

/**
 * Cuts a span into pieces of at most `maxChars`: after a line, a sentence, a clause, a blank, else anywhere between
 * two characters, looking back at most half a piece. The pieces touch; nothing is lost. Blank pieces are left out.
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
  for (const border of [/\n+/g, SENTENCE_END, CLAUSE_END, BLANK]) {
    let last = 0;
    for (const match of window.matchAll(border)) last = match.index + match[0].length;
    if (last > 0 && !splitsSurrogates(text, middle + last)) return middle + last;
  }
  if (!splitsSurrogates(text, limit)) return limit;
  return limit - 1 > start ? limit - 1 : limit + 1;
}

/**
 * Packs neighbouring units (sentences, code blocks) into spans of at most `maxChars`. A span that is half full ends
 * at a line end, one a quarter full at an empty line: so an edit in one paragraph leaves the chunks after it alone.
 */
export function* packSpans(text: string, units: Iterable<Span>, maxChars: number): Generator<Span> {
  let open: Span | undefined;
  for (const unit of units) {
    for (const piece of cutLong(text, unit, maxChars)) {
      if (open && (piece.end - open.start > maxChars || endsParagraph(text, open, piece.start, maxChars))) {
        yield open;
        open = undefined;
      }
      open = { start: open?.start ?? piece.start, end: piece.end };
    }
  }
  if (open) yield open;
}

function endsParagraph(text: string, open: Span, nextStart: number, maxChars: number): boolean {
  const length = open.end - open.start;
  if (length < maxChars / 4) return false;
  // Units are trimmed or touch each other, so the newlines stand before the next one or at our own end.
  const between = text.slice(Math.max(open.start, open.end - 4), nextStart);
  if (/\n[^\S\n]*\n\s*$/.test(between)) return true;
  return length >= maxChars / 2 && /\n\s*$/.test(between);
}
