import { graphemes, graphemeWidth } from './text.ts';

/** A row of wrapped text. `start` and `end` are UTF-16 offsets into the whole text; `end` counts a space that hangs over the edge. */
export interface WrappedRow {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

// Chinese typesetting: a row never starts with these, and never ends with those.
const NOT_FIRST = /^[、。，．：；？！…—～）】〕〉》」』’”％｝］·,.:;?!)\]}%]/u;
const NOT_LAST = /[（【〔〈《「『‘“｛［([{]$/u;

/**
 * Rows of one paragraph (no newline inside), each at most `columns` cells. Latin text breaks at spaces, CJK text
 * between characters; a word longer than the row is cut. `offset` is added to every offset.
 */
export function wrapParagraph(paragraph: string, columns: number, offset = 0): WrappedRow[] {
  const width = Math.max(2, columns);
  const rows: WrappedRow[] = [];
  let rowStart = 0;
  let used = 0;
  let position = 0;
  /** The last place where the row may end, and the cells up to it. */
  let breakAt = -1;
  let breakUsed = 0;
  let previous = '';
  let previousWidth = 0;

  const closeRow = (end: number): void => {
    rows.push({ text: paragraph.slice(rowStart, end).trimEnd(), start: offset + rowStart, end: offset + end });
    rowStart = end;
    breakAt = -1;
  };

  for (const grapheme of graphemes(paragraph)) {
    const cells = graphemeWidth(grapheme);
    if (position > rowStart && mayBreak(previous, previousWidth, grapheme, cells)) {
      breakAt = position;
      breakUsed = used;
    }
    // Twice where what is left after the break still leaves no room (a wide sign that may not begin a row).
    while (used + cells > width && used > 0 && grapheme !== ' ') {
      if (breakAt > rowStart) {
        closeRow(breakAt);
        used -= breakUsed;
      } else {
        closeRow(position);
        used = 0;
      }
    }
    used += cells;
    position += grapheme.length;
    previous = grapheme;
    previousWidth = cells;
  }
  rows.push({ text: paragraph.slice(rowStart).trimEnd(), start: offset + rowStart, end: offset + position });
  return rows;
}

function mayBreak(previous: string, previousWidth: number, next: string, nextWidth: number): boolean {
  if (previous === ' ') return next !== ' ';
  if (next === ' ') return false;
  if (previousWidth < 2 && nextWidth < 2) return false;
  return !NOT_FIRST.test(next) && !NOT_LAST.test(previous);
}

/** Rows of a text with newlines. An empty text is one empty row. */
export function wrapText(text: string, columns: number): WrappedRow[] {
  const rows: WrappedRow[] = [];
  let offset = 0;
  for (const paragraph of text.split('\n')) {
    // One by one: spreading a 200 MB line's rows as arguments would overflow the stack.
    for (const row of wrapParagraph(paragraph, columns, offset)) rows.push(row);
    offset += paragraph.length + 1;
  }
  return rows;
}

/** `wrapText` without the offsets. */
export const wrapRows = (text: string, columns: number): string[] => wrapText(text, columns).map((row) => row.text);
