import {
  type AnsiCode,
  ansiCodesToString,
  styledCharsFromTokens as cellsOf,
  diffAnsiCodes,
  type StyledChar,
  tokenize as tokensOf,
} from '@alcalzone/ansi-tokenize';

// Ink takes every frame apart into cells and puts it together again, though between two frames hardly a row changes:
// four streams made 50 MB of garbage a second. `scripts/build.js` gives Ink this module in place of
// `@alcalzone/ansi-tokenize`. The same cells and strings come out, from what is remembered.

/** Rows of two frames of a large screen; what was not used for so long is forgotten. */
const MOST_LINES = 2000;
/** Far more looks than a theme has. */
const MOST_LOOKS = 1000;

/** The styles of a cell, one object for each look. */
type Look = AnsiCode[];

const PLAIN: Look = [];
const looks = new Map<string, Look>();
const cells = new Map<Look, Map<string, StyledChar>>();
const changes = new Map<Look, Map<Look, string>>();
let lines = new Map<string, StyledChar[]>();
let older = new Map<string, StyledChar[]>();

/** Ink hands the result to `styledCharsFromTokens` and nowhere else: taking apart happens there, if at all. */
export const tokenize = (line: string): string => line;

/** The cells of a line with its styles. Not to be changed: others have the same. */
export function styledCharsFromTokens(line: string): StyledChar[] {
  const known = lines.get(line);
  if (known) return known;
  const made = older.get(line) ?? cellsOf(tokensOf(line)).map(shared);
  if (lines.size >= MOST_LINES) {
    older = lines;
    lines = new Map();
  }
  lines.set(line, made);
  return made;
}

/** The cells as one string that changes styles only where they change, and resets them at the end. */
export function styledCharsToString(row: readonly StyledChar[]): string {
  if (looks.size > MOST_LOOKS) forget();
  let text = '';
  let before = PLAIN;
  for (const { value, styles } of row) {
    const look = styles === before ? before : lookOf(styles);
    if (look !== before) text += change(before, look);
    text += value;
    before = look;
  }
  return before === PLAIN ? text : text + change(before, PLAIN);
}

/** One cell for all that look the same and hold the same. */
function shared(cell: StyledChar): StyledChar {
  const look = lookOf(cell.styles);
  const known = cells.get(look)?.get(cell.value);
  if (known) return known;
  const made = { ...cell, styles: look };
  const same = cells.get(look);
  if (same) same.set(cell.value, made);
  else cells.set(look, new Map([[cell.value, made]]));
  return made;
}

function lookOf(styles: Look): Look {
  if (styles.length === 0) return PLAIN;
  const name = styles.map(({ code, endCode }) => `${code} ${endCode}`).join();
  const known = looks.get(name);
  if (known) return known;
  looks.set(name, styles);
  return styles;
}

function change(from: Look, to: Look): string {
  const known = changes.get(from)?.get(to);
  if (known !== undefined) return known;
  const codes = from === PLAIN ? ansiCodesToString(to) : ansiCodesToString(diffAnsiCodes(from, to));
  const others = changes.get(from);
  if (others) others.set(to, codes);
  else changes.set(from, new Map([[to, codes]]));
  return codes;
}

function forget(): void {
  for (const kept of [looks, cells, changes, lines, older]) kept.clear();
}
