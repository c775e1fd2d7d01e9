import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const RESET = '\u001b[0m';
const ERASE_TO_END = '\u001b[K';
const ERASE_ROW = '\u001b[2K';

// SGR and OSC 8 links are the only sequences a frame may hold; any other (there should be none) is dropped.
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with ESC
  /(\u001b\[[\d;:]*m|\u001b\]8;[^\u0007\u001b]*(?:\u0007|\u001b\\))|\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])?|[\u0000-\u001a\u001c-\u001f\u007f-\u009f]/g;
// Graphemes on whose width terminals disagree: emoji, flags, and anything with marks, joiners or variation selectors.
const DISPUTED = /\p{Extended_Pictographic}|\p{Regional_Indicator}|[\p{M}\u200d]/u;
const ONE_CELL_EACH = /^[\x20-\x7e\u2500-\u259f]*$/;

/**
 * The bytes that draw one row of a frame when the cursor stands at its first column: cut to `columns` cells (a wide
 * character that does not fit whole is left out), styles kept and reset at the end, the rest of the row erased.
 * After a grapheme on whose width terminals disagree the column is set again, so that a border right of it stands
 * where it should on every terminal.
 */
export function drawRow(row: string, columns: number): string {
  let out = '';
  let width = 0;
  let styled = false;
  let disputed = false;

  const put = (text: string): boolean => {
    if (ONE_CELL_EACH.test(text)) {
      const room = columns - width;
      out += text.length <= room ? text : text.slice(0, room);
      width += Math.min(text.length, room);
      return text.length <= room;
    }
    for (const { segment } of segmenter.segment(text)) {
      const cells = stringWidth(segment);
      if (width + cells > columns) return false;
      out += segment;
      width += cells;
      if (DISPUTED.test(segment)) {
        disputed = true;
        if (width < columns) out += `\u001b[${width + 1}G`;
      }
    }
    return true;
  };

  let from = 0;
  let fits = true;
  for (const match of row.matchAll(SEQUENCE)) {
    if (fits) fits = put(row.slice(from, match.index));
    from = match.index + match[0].length;
    // Past the edge sequences still count: a link that is open must be closed.
    if (match[1]) {
      if (fits || match[1].startsWith('\u001b]8;')) out += match[1];
      styled = true;
    }
  }
  if (fits) put(row.slice(from));

  if (styled) out += RESET;
  // Erasing after a full row would take its last cell: the cursor still stands on it.
  if (width < columns) out += ERASE_TO_END;
  return disputed ? ERASE_ROW + out : out;
}
