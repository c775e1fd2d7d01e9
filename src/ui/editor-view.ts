import { graphemes, textWidth } from './text.ts';
import { wrapText } from './wrap.ts';

export interface EditorViewInput {
  readonly text: string;
  readonly cursor: number;
  readonly width: number;
  readonly height: number;
  readonly prefix: string;
  readonly secret: boolean;
}

export interface EditorView {
  /** Exactly the rows on screen, without the prefix. */
  readonly rows: readonly string[];
  /** First of the wrapped rows that is on screen. */
  readonly top: number;
  /** Cells before the text on every row. */
  readonly indent: number;
  readonly textWidth: number;
  /** Relative to the editor's top left. */
  readonly cursor: { readonly x: number; readonly y: number };
}

/** What of a text is on screen, and where its cursor is. Pure. */
export function editorView(input: EditorViewInput): EditorView {
  const indent = Math.min(textWidth(input.prefix), Math.max(0, input.width - 3));
  // One column stays free, so that the cursor after the last character is on screen.
  const width = Math.max(2, input.width - indent - 1);
  const { text, cursor } = input.secret ? dotted(input.text, input.cursor) : input;
  return input.height <= 1 ? oneRow(text, cursor, width, indent) : manyRows(text, cursor, width, indent, input.height);
}

function dotted(text: string, cursor: number): { text: string; cursor: number } {
  return { text: '•'.repeat(graphemes(text).length), cursor: graphemes(text.slice(0, cursor)).length };
}

/** Scrolled sideways so that the cursor is in view; a newline shows as a sign. */
function oneRow(text: string, cursor: number, width: number, indent: number): EditorView {
  const parts = graphemes(text.slice(0, cursor).replaceAll('\n', '⏎'));
  let used = 0;
  let first = parts.length;
  while (first > 0 && used + textWidth(parts[first - 1] ?? '') <= width) {
    used += textWidth(parts[first - 1] ?? '');
    first--;
  }
  let row = parts.slice(first).join('');
  let cells = used;
  for (const part of graphemes(text.slice(cursor).replaceAll('\n', '⏎'))) {
    if (cells + textWidth(part) > width) break;
    cells += textWidth(part);
    row += part;
  }
  return { rows: [row], top: 0, indent, textWidth: width, cursor: { x: indent + used, y: 0 } };
}

function manyRows(text: string, cursor: number, width: number, indent: number, height: number): EditorView {
  const rows = wrapText(text, width);
  const at = Math.max(
    0,
    rows.findLastIndex((row) => cursor >= row.start),
  );
  const top = Math.max(0, Math.min(at - height + 1, rows.length - height), at - height + 1);
  const row = rows[at];
  const before = row ? text.slice(row.start, cursor) : '';
  return {
    rows: Array.from({ length: height }, (_, i) => rows[top + i]?.text ?? ''),
    top,
    indent,
    textWidth: width,
    cursor: { x: indent + Math.min(width, textWidth(before)), y: at - top },
  };
}
