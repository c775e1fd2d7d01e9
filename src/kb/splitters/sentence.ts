import type { ChunkDraft } from '../types.ts';
import { chunksOf, packSpans, type Span, trimSpan } from './spans.ts';

/** Chunks of whole sentences, Chinese and English, of at most `maxChars` UTF-16 units. */
export function splitSentences(text: string, maxChars: number): ChunkDraft[] {
  return chunksOf(text, packSpans(text, sentenceSpans(text), maxChars));
}

// A possible end: full-width marks wherever they stand, ASCII ones, line ends; then the quotes and brackets that close.
const POSSIBLE_END = /(?:[。！？；…!?.;]+|\n)[”’」』）)】\]"'\n]*/g;
const FULL_WIDTH = /[。！？；]|……/;
const CJK = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/;

/** Sentences of `within` (default: the whole text) in order, trimmed; together they hold every character but blanks. */
export function* sentenceSpans(text: string, within: Span = { start: 0, end: text.length }): Generator<Span> {
  let start = within.start;
  for (const match of text.slice(within.start, within.end).matchAll(POSSIBLE_END)) {
    const at = within.start + match.index;
    const end = at + match[0].length;
    if (end < start || !isEnd(text, start, at, end, match[0])) continue;
    const span = trimSpan(text, { start, end });
    if (span) yield span;
    start = end;
  }
  const last = trimSpan(text, { start, end: within.end });
  if (last) yield last;
}

function isEnd(text: string, start: number, at: number, end: number, mark: string): boolean {
  const next = text[end] ?? '';
  if (mark.startsWith('\n')) return mark.includes('\n', 1) || !isWrapped(text, at, end);
  if (FULL_WIDTH.test(mark) || mark.includes('\n')) return true;
  if (mark.startsWith(';') || mark === '…') return CJK.test(next);
  if (next !== '' && !/\s/.test(next)) return CJK.test(next) && (CJK.test(text[at - 1] ?? '') || !mark.startsWith('.'));
  return !mark.startsWith('.') || mark.startsWith('..') || !isDotInside(text, start, at, end);
}

/** A line end inside a sentence: hard-wrapped English goes on with a small letter or a digit. */
function isWrapped(text: string, at: number, end: number): boolean {
  return /[\p{Script=Latin}\d,\-–]/u.test(text[at - 1] ?? '') && /^[^\S\n]*[\p{Ll}\d]/u.test(text.slice(end, end + 8));
}

// Short forms that stand before a name, a number or an example, and so hardly ever end a sentence.
const BEFORE_MORE = new Set(
  `mr mrs ms dr prof sr jr st gen col capt lt sgt rev hon pres gov sen rep fig figs eq eqs sec ch chap vol no nos pp p
  ed eds art para cf vs viz e.g i.e eg ie al approx ca est max min dept univ assn bros ave blvd rd mt ft
  jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun`.split(/\s+/),
);

/** Whether the dot at `at` belongs to a short form or a number: "Dr. Lee", "e.g. tea", "J. Smith", "U.S. law". */
function isDotInside(text: string, start: number, at: number, end: number): boolean {
  const after = text.slice(end, end + 16).trimStart();
  if (after === '') return false;
  if (/^[\p{Ll},;:]/u.test(after)) return true;
  const word = /[\p{L}\p{N}.]*$/u.exec(text.slice(Math.max(start, at - 24), at))?.[0] ?? '';
  const bare = word.toLowerCase();
  // "No. 5" is a number, "No. We" an answer.
  if (bare === 'no' || bare === 'nos' || bare === 'p' || bare === 'pp') return /^\d/.test(after);
  if (bare === 'al' || bare === 'jr' || bare === 'sr' || bare === 'st') return !/^\p{Lu}\p{Ll}+ \p{Ll}/u.test(after);
  if (BEFORE_MORE.has(bare)) return true;
  // Initials: "J. Smith", "U.S. Army"; but "plan B. Then": an initial stands first or after a capitalised word.
  return /^(?:\p{Lu}\.)+\p{Lu}$/u.test(word) || (/^\p{Lu}$/u.test(word) && isNamePart(text, start, at));
}

function isNamePart(text: string, start: number, at: number): boolean {
  const before = text.slice(Math.max(start, at - 24), at - 1).trimEnd();
  return before === '' || /(?:\p{Lu}\p{Ll}+|\p{Lu}\.|\(|,|\bby|\band)$/u.test(before);
}
