import { graphemes } from './text.ts';

/**
 * The text of an editor and its cursor, an UTF-16 offset that always lies between two graphemes. Pure: every
 * function returns a new state (or the same one when nothing changed).
 */
export interface EditorState {
  readonly text: string;
  readonly cursor: number;
  readonly undo: readonly Snapshot[];
  readonly redo: readonly Snapshot[];
  /** What the last change was, so that typing a word is one undo step. */
  readonly last: 'insert' | 'delete' | 'other';
  readonly history: readonly string[];
  /** Place in the history; equal to its length while editing something new. */
  readonly historyIndex: number;
  /** What was being written when the history was entered. */
  readonly draft: string;
  /** The whole text is marked: what is typed next replaces it, any other key takes the mark away. */
  readonly marked: boolean;
}

interface Snapshot {
  readonly text: string;
  readonly cursor: number;
}

export type EditorCommand =
  | { readonly type: 'insert'; readonly text: string }
  | { readonly type: 'set'; readonly text: string }
  | { readonly type: 'left' | 'right' | 'word-left' | 'word-right' | 'start' | 'end' | 'text-start' | 'text-end' }
  | { readonly type: 'to'; readonly cursor: number }
  | { readonly type: 'delete-left' | 'delete-right' | 'delete-word-left' | 'delete-to-start' | 'delete-to-end' }
  | { readonly type: 'undo' | 'redo' | 'older' | 'newer' };

const UNDO_STEPS = 200;

export function emptyEditor(text = '', history: readonly string[] = []): EditorState {
  return {
    text,
    cursor: text.length,
    undo: [],
    redo: [],
    last: 'other',
    history,
    historyIndex: history.length,
    draft: '',
    marked: false,
  };
}

/** A text that is there to be replaced by the first key, as a number usually is. */
export const markedEditor = (text: string): EditorState => ({ ...emptyEditor(text), marked: text !== '' });

export function edit(state: EditorState, command: EditorCommand): EditorState {
  if (!state.marked) return change(state, command);
  const plain: EditorState = { ...state, marked: false };
  if (command.type === 'insert') return replace(plain, 0, plain.text.length, command.text, 'insert');
  if (command.type.startsWith('delete-')) return replace(plain, 0, plain.text.length, '', 'delete');
  return change(plain, command);
}

function change(state: EditorState, command: EditorCommand): EditorState {
  switch (command.type) {
    case 'insert':
      return replace(state, state.cursor, state.cursor, command.text, 'insert');
    case 'set':
      return replace(state, 0, state.text.length, command.text, 'other');
    case 'left':
      return moved(state, before(state.text, state.cursor));
    case 'right':
      return moved(state, after(state.text, state.cursor));
    case 'word-left':
      return moved(state, wordBefore(state.text, state.cursor));
    case 'word-right':
      return moved(state, wordAfter(state.text, state.cursor));
    case 'start':
      return moved(state, lineStart(state.text, state.cursor));
    case 'end':
      return moved(state, lineEnd(state.text, state.cursor));
    case 'text-start':
      return moved(state, 0);
    case 'text-end':
      return moved(state, state.text.length);
    case 'to':
      return moved(state, snap(state.text, command.cursor));
    case 'delete-left':
      return replace(state, before(state.text, state.cursor), state.cursor, '', 'delete');
    case 'delete-right':
      return replace(state, state.cursor, after(state.text, state.cursor), '', 'delete');
    case 'delete-word-left':
      return replace(state, wordBefore(state.text, state.cursor), state.cursor, '', 'other');
    case 'delete-to-start':
      return replace(state, lineStart(state.text, state.cursor), state.cursor, '', 'other');
    case 'delete-to-end':
      return replace(state, state.cursor, lineEnd(state.text, state.cursor), '', 'other');
    case 'undo':
      return undo(state);
    case 'redo':
      return redo(state);
    case 'older':
      return fromHistory(state, state.historyIndex - 1);
    case 'newer':
      return fromHistory(state, state.historyIndex + 1);
  }
}

/** The editor after its text was sent: empty, the text at the end of the history (once). */
export function submitted(state: EditorState): EditorState {
  const kept = state.text.trim()
    ? [...state.history.filter((entry) => entry !== state.text), state.text]
    : state.history;
  return emptyEditor('', kept);
}

function moved(state: EditorState, cursor: number): EditorState {
  return cursor === state.cursor ? state : { ...state, cursor, last: 'other' };
}

function replace(
  state: EditorState,
  start: number,
  end: number,
  inserted: string,
  kind: EditorState['last'],
): EditorState {
  if (start === end && inserted === '') return state;
  // A space or newline starts a new undo step: undo takes back words, not letters and not everything.
  const joins = kind !== 'other' && kind === state.last && !/^\s/.test(inserted) && graphemes(inserted).length <= 1;
  const undoSteps = joins ? state.undo : [...state.undo, { text: state.text, cursor: state.cursor }];
  return {
    ...state,
    text: state.text.slice(0, start) + inserted + state.text.slice(end),
    cursor: start + inserted.length,
    undo: undoSteps.slice(-UNDO_STEPS),
    redo: [],
    last: kind,
  };
}

function undo(state: EditorState): EditorState {
  const step = state.undo.at(-1);
  if (!step) return state;
  const redoSteps = [...state.redo, { text: state.text, cursor: state.cursor }];
  return { ...state, ...step, undo: state.undo.slice(0, -1), redo: redoSteps, last: 'other' };
}

function redo(state: EditorState): EditorState {
  const step = state.redo.at(-1);
  if (!step) return state;
  const undoSteps = [...state.undo, { text: state.text, cursor: state.cursor }];
  return { ...state, ...step, redo: state.redo.slice(0, -1), undo: undoSteps, last: 'other' };
}

function fromHistory(state: EditorState, index: number): EditorState {
  if (index < 0 || index > state.history.length || index === state.historyIndex) return state;
  const draft = state.historyIndex === state.history.length ? state.text : state.draft;
  const text = state.history[index] ?? draft;
  return { ...replace(state, 0, state.text.length, text, 'other'), cursor: text.length, historyIndex: index, draft };
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Long enough for any emoji sequence; keeps a key press cheap in a long text. */
const NEAR = 64;

function before(text: string, cursor: number): number {
  const from = Math.max(0, cursor - NEAR);
  const parts = graphemes(text.slice(from, cursor));
  return cursor - (parts.at(-1)?.length ?? 0);
}

function after(text: string, cursor: number): number {
  for (const { segment } of segmenter.segment(text.slice(cursor, cursor + NEAR))) return cursor + segment.length;
  return cursor;
}

/** The nearest place between two graphemes at or before `cursor`. */
function snap(text: string, cursor: number): number {
  const wanted = Math.max(0, Math.min(text.length, cursor));
  const start = lineStart(text, wanted);
  let last = start;
  for (const { index, segment } of segmenter.segment(text.slice(start, lineEnd(text, wanted)))) {
    if (start + index > wanted) break;
    last = start + index;
    if (last + segment.length <= wanted) last += segment.length;
  }
  return last;
}

const lineStart = (text: string, cursor: number): number => text.lastIndexOf('\n', cursor - 1) + 1;
function lineEnd(text: string, cursor: number): number {
  const end = text.indexOf('\n', cursor);
  return end < 0 ? text.length : end;
}

const words = new Intl.Segmenter(undefined, { granularity: 'word' });

/** Start of the word before the cursor. Chinese has no spaces: the segmenter knows its words. */
function wordBefore(text: string, cursor: number): number {
  const from = Math.max(0, cursor - 512);
  let target = from;
  for (const { index, isWordLike } of words.segment(text.slice(from, cursor))) if (isWordLike) target = from + index;
  return target;
}

function wordAfter(text: string, cursor: number): number {
  for (const { index, segment, isWordLike } of words.segment(text.slice(cursor, cursor + 512))) {
    if (isWordLike) return cursor + index + segment.length;
  }
  return Math.min(text.length, cursor + 512);
}
