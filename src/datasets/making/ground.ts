/** An answer's place in its text, or why it has none. */
export type Grounded =
  | { readonly kind: 'exact'; readonly answer: string; readonly start: number }
  | { readonly kind: 'repaired'; readonly answer: string; readonly start: number; readonly how: string }
  | { readonly kind: 'missing' };

/** Share of its letters by which an answer may differ from the text; below that many letters none may. */
const SLIPS = 0.15;
const SHORTEST_WITH_SLIPS = 8;

/**
 * Finds an answer in the text it should be copied from: as it is; apart from case, width, white space and punctuation;
 * or with a few slips of the pen, never in a digit. A repaired answer is the text's own words.
 */
export function groundAnswer(text: string, given: string): Grounded {
  const answer = given.trim();
  if (answer === '') return { kind: 'missing' };
  const at = text.indexOf(answer);
  for (let start = at; start >= 0; start = text.indexOf(answer, start + 1)) {
    if (isWhole(text, { start, end: start + answer.length })) return { kind: 'exact', answer, start };
  }
  if (at >= 0) return repaired(text, widened(text, { start: at, end: at + answer.length }), 'words made whole');
  const [folded, wanted] = [foldWithPlaces(text), foldWithPlaces(answer)];
  if (wanted.text === '') return { kind: 'missing' };
  for (let from = folded.text.indexOf(wanted.text); from >= 0; from = folded.text.indexOf(wanted.text, from + 1)) {
    const span = spanOf(text, folded, from, from + wanted.text.length);
    if (isWhole(text, span)) return repaired(text, span, 'case, width or punctuation');
  }
  const near = nearest(folded.text, wanted.text);
  if (!near || wanted.text.length < SHORTEST_WITH_SLIPS || near.distance > SLIPS * wanted.text.length) {
    return { kind: 'missing' };
  }
  const span = widened(text, spanOf(text, folded, near.start, near.end));
  if (digitsOf(text.slice(span.start, span.end)) !== digitsOf(answer)) return { kind: 'missing' };
  return repaired(text, span, `${near.distance} ${near.distance === 1 ? 'letter' : 'letters'}`);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const repaired = (text: string, { start, end }: Span, how: string): Grounded => ({
  kind: 'repaired',
  answer: text.slice(start, end),
  start,
  how,
});

interface Folded {
  readonly text: string;
  /** Place in the text of each character of the folded one, and where that ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Letters and digits alone, NFKC and lower case, each with the place it came from. */
function foldWithPlaces(text: string): Folded {
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = '';
  let at = 0;
  for (const char of text) {
    for (const one of char.normalize('NFKC').toLowerCase()) {
      if (!/[\p{L}\p{N}]/u.test(one)) continue;
      folded += one;
      for (let unit = 0; unit < one.length; unit += 1) {
        starts.push(at);
        ends.push(at + char.length);
      }
    }
    at += char.length;
  }
  return { text: folded, starts, ends };
}

const spanOf = (text: string, { starts, ends }: Folded, from: number, to: number): Span => ({
  start: starts[from] ?? 0,
  end: ends[to - 1] ?? text.length,
});

const WORD = /[\p{Script=Latin}\p{N}]/u;

/** Whether a span begins and ends with whole words (or with characters of scripts that write none). */
function isWhole(text: string, { start, end }: Span): boolean {
  const cut = (before: string | undefined, after: string | undefined) =>
    WORD.test(before ?? '') && WORD.test(after ?? '');
  return !cut(text[start - 1], text[start]) && !cut(text[end - 1], text[end]);
}

/** The span with the words at its ends made whole. */
function widened(text: string, { start, end }: Span): Span {
  let [from, to] = [start, end];
  while (from > 0 && !isWhole(text, { start: from, end: text.length })) from -= 1;
  while (to < text.length && !isWhole(text, { start: 0, end: to })) to += 1;
  return { start: from, end: to };
}

const digitsOf = (text: string): string => text.normalize('NFKC').replace(/[^\p{N}]/gu, '');

/** The stretch of `text` with the least edit distance to `wanted` (Sellers 1980: the usual table, free at both ends of the text). */
function nearest(text: string, wanted: string): { start: number; end: number; distance: number } | undefined {
  const size = wanted.length;
  let column = Array.from({ length: size + 1 }, (_, row) => row);
  /** Where the best stretch that ends here with this many letters of `wanted` begins. */
  let begins = new Array<number>(size + 1).fill(0);
  let best: { start: number; end: number; distance: number } | undefined;
  for (let at = 1; at <= text.length; at += 1) {
    const next = [0];
    const starts = [at];
    for (let row = 1; row <= size; row += 1) {
      const same = (column[row - 1] ?? 0) + (text[at - 1] === wanted[row - 1] ? 0 : 1);
      const extra = (column[row] ?? 0) + 1;
      const missing = (next[row - 1] ?? 0) + 1;
      const least = Math.min(same, extra, missing);
      next.push(least);
      starts.push((least === same ? begins[row - 1] : least === extra ? begins[row] : starts[row - 1]) ?? 0);
    }
    [column, begins] = [next, starts];
    const distance = column[size] ?? size;
    if (!best || distance < best.distance) best = { start: begins[size] ?? 0, end: at, distance };
  }
  return best && best.end > best.start ? best : undefined;
}
