import { createStore, type StoreApi } from 'zustand/vanilla';
import type { TerminalEvent } from '../keys/types.ts';
import { sanitize, sanitizeLine } from '../platform/sanitize.ts';
import { type EditorCommand, type EditorState, edit, emptyEditor, markedEditor, submitted } from './editor-state.ts';
import { graphemes, graphemeWidth, textWidth } from './text.ts';
import { wrapText } from './wrap.ts';

export interface EditorOptions {
  readonly text?: string;
  readonly history?: readonly string[];
  /** False: Enter and pasted newlines never make a second line. */
  readonly multiline?: boolean;
  /** The text is marked at first: typing replaces it. */
  readonly marked?: boolean;
  /** Called after every change of the text. */
  readonly onChange?: (text: string) => void;
}

/**
 * A text field that lives outside React: the dispatcher feeds it, actions read it, `Editor` draws it.
 * Enter is not its business: the screen's `…send` or `…apply` action (with `inText`) takes it.
 */
export interface EditorModel {
  readonly store: StoreApi<EditorState>;
  readonly multiline: boolean;
  readonly text: () => string;
  readonly set: (text: string) => void;
  /** The text, after it went into the history and the field was emptied. */
  readonly submit: () => string;
  readonly command: (command: EditorCommand) => void;
  /** Takes a key or a paste; false = not for a text field. */
  readonly apply: (event: TerminalEvent) => boolean;
  /** Told by the component that draws it; up and down move over soft-wrapped rows. */
  readonly viewport: { width: number };
}

const COMMANDS: Readonly<Record<string, EditorCommand>> = {
  left: { type: 'left' },
  right: { type: 'right' },
  'ctrl+left': { type: 'word-left' },
  'alt+left': { type: 'word-left' },
  'alt+b': { type: 'word-left' },
  'ctrl+right': { type: 'word-right' },
  'alt+right': { type: 'word-right' },
  'alt+f': { type: 'word-right' },
  home: { type: 'start' },
  'ctrl+a': { type: 'start' },
  end: { type: 'end' },
  'ctrl+e': { type: 'end' },
  'ctrl+home': { type: 'text-start' },
  'ctrl+end': { type: 'text-end' },
  backspace: { type: 'delete-left' },
  delete: { type: 'delete-right' },
  'ctrl+d': { type: 'delete-right' },
  'ctrl+w': { type: 'delete-word-left' },
  'alt+backspace': { type: 'delete-word-left' },
  'ctrl+backspace': { type: 'delete-word-left' },
  'ctrl+u': { type: 'delete-to-start' },
  'ctrl+k': { type: 'delete-to-end' },
  'ctrl+_': { type: 'undo' },
  'ctrl+y': { type: 'redo' },
  'ctrl+up': { type: 'older' },
  'ctrl+down': { type: 'newer' },
};
/** Keys that text fields keep for themselves: no action that works while typing may take one. */
export const EDITOR_KEYS: readonly string[] = Object.keys(COMMANDS);
const NEWLINES = new Set(['alt+enter', 'ctrl+j', 'shift+enter']);

export function createEditorModel(options: EditorOptions = {}): EditorModel {
  const store = createStore<EditorState>(() =>
    options.marked ? markedEditor(options.text ?? '') : emptyEditor(options.text ?? '', options.history ?? []),
  );
  const viewport = { width: 80 };
  const multiline = options.multiline ?? false;

  function update(next: EditorState): void {
    const before = store.getState();
    if (next === before) return;
    store.setState(next, true);
    if (next.text !== before.text) options.onChange?.(next.text);
  }
  const command = (what: EditorCommand): void => update(edit(store.getState(), what));

  function moveRow(by: -1 | 1): void {
    const { text, cursor } = store.getState();
    const target = cursorOnRow(text, cursor, viewport.width, by);
    if (target !== undefined) command({ type: 'to', cursor: target });
    else command({ type: by < 0 ? 'older' : 'newer' });
  }

  function apply(event: TerminalEvent): boolean {
    if (event.type === 'paste') {
      command({ type: 'insert', text: multiline ? sanitize(event.text) : sanitizeLine(event.text) });
      return true;
    }
    if (event.type !== 'key') return false;
    if (multiline && NEWLINES.has(event.name)) command({ type: 'insert', text: '\n' });
    else if (event.name === 'up' || event.name === 'down') moveRow(event.name === 'up' ? -1 : 1);
    else if (COMMANDS[event.name]) command(COMMANDS[event.name] ?? { type: 'end' });
    else if (event.text) command({ type: 'insert', text: sanitizeLine(event.text) });
    else return false;
    return true;
  }

  return {
    store,
    multiline,
    viewport,
    command,
    apply,
    text: () => store.getState().text,
    set: (text) => command({ type: 'set', text }),
    submit: () => {
      const { text } = store.getState();
      update(submitted(store.getState()));
      return text;
    },
  };
}

/** The cursor one soft-wrapped row up or down, in the same column of cells; undefined at the first or last row. */
function cursorOnRow(text: string, cursor: number, width: number, by: -1 | 1): number | undefined {
  const rows = wrapText(text, width);
  const index = rows.findLastIndex((row) => cursor >= row.start);
  const from = rows[index];
  const to = rows[index + by];
  if (!from || !to) return undefined;
  const column = textWidth(text.slice(from.start, cursor));
  // Where a row is wrapped inside a word its end is the next row's start: one character earlier is still this row.
  const wrapsInside = rows[index + by + 1]?.start === to.start + to.text.length;
  let cells = 0;
  let target = to.start;
  for (const grapheme of graphemes(to.text)) {
    const after = target + grapheme.length;
    cells += graphemeWidth(grapheme);
    if (cells > column || (wrapsInside && after === to.start + to.text.length)) break;
    target = after;
  }
  return target;
}
