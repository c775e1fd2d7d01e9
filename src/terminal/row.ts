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
/** Several emoji in one: a family, a skin colour. */
const JOINED = /\u200d|\p{Emoji_Modifier}$/u;
/** What is made simpler before it is sent, see `drawRow`. */
export type Simple = 'none' | 'joined' | 'all';
/** Stands for a grapheme that would tear the screen. */
const STAND_IN = '▯';
const ONE_CELL_EACH = /^[\x20-\x7e\u2500-\u259f]*$/;

/**
 * The bytes that draw one row of a frame when the cursor stands at its first column: cut to `columns` cells (a wide
 * character that does not fit whole is left out), styles kept and reset at the end, the rest of the row erased.
 * After a grapheme on whose width terminals disagree the column is set again, so that a border right of it stands
 * where it should on every terminal. A multiplexer rewrites what moves the cursor, so there `simple` says what is not
 * sent: `joined` (tmux) makes several emoji in one the first of them, `all` (GNU screen) leaves a stand-in of the same
 * width for everything disputed. Else the row runs over its edge, and in screen scrolls all of it.
 */
export function drawRow(row: string, columns: number, simple: Simple = 'none'): string {
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
      const isDisputed = DISPUTED.test(segment);
      out += isDisputed && simple !== 'none' ? simplified(segment, cells, simple) : segment;
      width += cells;
      if (isDisputed && simple !== 'all') {
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

/** A grapheme of disputed width as something that takes `cells` on the terminal behind a multiplexer. */
function simplified(segment: string, cells: number, simple: 'joined' | 'all'): string {
  if (simple === 'joined') {
    const [first = ''] = segment;
    return JOINED.test(segment) && stringWidth(first) === cells ? first : segment;
  }
  const whole = segment.normalize('NFC');
  if (!DISPUTED.test(whole)) return whole;
  return cells > 0 ? STAND_IN.padEnd(cells) : '';
}
