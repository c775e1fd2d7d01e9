import stringWidth from 'string-width';
import { LruMap } from './lru.ts';

/** Text with a meaning: what rows are made of. */
export interface Span {
  readonly text: string;
  readonly style?: import('./theme.ts').StyleName;
  readonly bold?: boolean;
}
export type Line = string | readonly Span[];

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const widths = new LruMap<string, number>(4096);

/** Grapheme clusters of `text`. */
export function graphemes(text: string): string[] {
  if (PRINTABLE_ASCII.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

/** Cells that one grapheme cluster takes: 0, 1 or 2. */
export function graphemeWidth(grapheme: string): number {
  const known = widths.get(grapheme);
  if (known !== undefined) return known;
  const width = grapheme.length === 1 && PRINTABLE_ASCII.test(grapheme) ? 1 : stringWidth(grapheme);
  widths.set(grapheme, width);
  return width;
}

/** Cells that `text` takes on one row; the sum over its graphemes, as our cuts count. */
export function textWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The longest start of `text` that fits in `columns`, ending in `mark` when something was cut. */
export function cut(text: string, columns: number, mark = '…'): string {
  if (columns <= 0) return '';
  if (text.length * 2 <= columns || textWidth(text) <= columns) return text;
  const room = columns - textWidth(mark);
  if (room < 0) return '';
  let used = 0;
  let end = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    const width = graphemeWidth(segment);
    if (used + width > room) break;
    used += width;
    end = index + segment.length;
  }
  return text.slice(0, end) + mark;
}

/** The longest end of `text` that fits, for paths: `…/docs/readme.md`. */
export function cutStart(text: string, columns: number, mark = '…'): string {
  if (columns <= 0) return '';
  if (textWidth(text) <= columns) return text;
  const room = columns - textWidth(mark);
  if (room < 0) return '';
  const parts = graphemes(text);
  let used = 0;
  let first = parts.length;
  while (first > 0) {
    const width = graphemeWidth(parts[first - 1] ?? '');
    if (used + width > room) break;
    used += width;
    first--;
  }
  return mark + parts.slice(first).join('');
}

/** Exactly `columns` wide: cut or filled with spaces. */
export function pad(text: string, columns: number, align: 'left' | 'right' | 'center' = 'left'): string {
  const fitting = cut(text, columns);
  const free = Math.max(0, columns - textWidth(fitting));
  if (align === 'right') return ' '.repeat(free) + fitting;
  if (align === 'left') return fitting + ' '.repeat(free);
  const left = Math.floor(free / 2);
  return ' '.repeat(left) + fitting + ' '.repeat(free - left);
}

export const spansOf = (line: Line): readonly Span[] => (typeof line === 'string' ? [{ text: line }] : line);
export const lineText = (line: Line): string => (typeof line === 'string' ? line : line.map((s) => s.text).join(''));

/** `pad` for styled text: the spans fill exactly `columns` cells. */
export function padSpans(line: Line, columns: number): Span[] {
  const result: Span[] = [];
  let free = columns;
  const spans = spansOf(line);
  const tooLong = spans.reduce((sum, span) => sum + textWidth(span.text), 0) > columns;
  for (const [i, span] of spans.entries()) {
    const width = textWidth(span.text);
    const rest = spans.slice(i + 1).some((later) => later.text !== '');
    // The ellipsis belongs to the span where the room ends, even if that span itself would just fit.
    const text = !tooLong || width < free || (width === free && !rest) ? span.text : cut(`${span.text} `, free);
    result.push({ ...span, text });
    free -= textWidth(text);
    if (text !== span.text) break;
  }
  if (free > 0) result.push({ text: ' '.repeat(free) });
  return result;
}
