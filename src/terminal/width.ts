import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PLAIN = /^[\x20-\x7e]*$/;

/** Cells that `text` takes on a terminal (escape sequences take none). Same tables as Ink's layout. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

/** What a person sees as one character each: `👩‍👩‍👧` is one. */
export function graphemes(text: string): string[] {
  if (PLAIN.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

/**
 * `text` (no escape sequences, one row) cut to at most `columns` cells, ending in `ellipsis` when something was cut.
 * A wide character that does not fit whole is left out. Cut before giving text to Ink: its own `truncate` breaks
 * borders on Chinese text at odd widths.
 */
export function cutToWidth(text: string, columns: number, ellipsis = '…'): string {
  if (columns <= 0) return '';
  if (textWidth(text) <= columns) return text;
  const room = columns - textWidth(ellipsis);
  if (room < 0) return takeWidth(text, columns);
  return takeWidth(text, room) + ellipsis;
}

/** The longest beginning of `text` (whole graphemes) that fits `columns` cells. */
export function takeWidth(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, columns));
  let width = 0;
  let end = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    width += stringWidth(segment);
    if (width > columns) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** `text` cut or padded with spaces to exactly `columns` cells. */
export function fitToWidth(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutToWidth(text, columns);
  const padding = ' '.repeat(Math.max(0, columns - textWidth(cut)));
  return align === 'left' ? cut + padding : padding + cut;
}
