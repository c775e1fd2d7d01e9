import type { NavigationTarget } from './screen.ts';
import type { StyleName } from './theme.ts';
import { type WrappedRow, wrapParagraph } from './wrap.ts';

/** UTF-16 offsets into the whole text, end excluded. */
export interface HighlightRange {
  readonly start: number;
  readonly end: number;
  /** Default: `highlight`. */
  readonly style?: StyleName;
}

/**
 * A text that grows at its end (an answer, a log) or stands still (a document), wrapped as it comes: only the last
 * paragraph is wrapped again. Mutable and outside React; after `append`, touch the scheduler.
 */
export interface StreamModel extends NavigationTarget {
  readonly text: () => string;
  /** Text must be sanitised (`src/platform/sanitize.ts`). */
  readonly append: (text: string) => void;
  /** The whole text; one that only grew keeps its wrapped rows and its place. Scrolls to `at` (an offset) if given. */
  readonly set: (text: string, at?: number) => void;
  /** All wrapped rows at a width. */
  readonly rows: (columns: number) => readonly WrappedRow[];
  /** First row to draw in `height` rows; follows the end while stuck to it. */
  readonly top: (columns: number, height: number) => number;
  readonly following: () => boolean;
  /** Grows with every change: what a memoised view compares. */
  readonly version: () => number;
  readonly subscribe: (listener: () => void) => () => void;
}

export interface StreamOptions {
  readonly text?: string;
  /** Stick to the end while text comes in, until the user scrolls up. Off for documents. */
  readonly follow?: boolean;
  /**
   * Follow in steps: when the last row is full the text moves up by a third of the pane, then stands still again. What
   * stands still can be read, and is not painted.
   */
  readonly stepwise?: boolean;
}

export function createStreamModel(options: StreamOptions = {}): StreamModel {
  const listeners = new Set<() => void>();
  let text = options.text ?? '';
  let version = 0;
  let stuck = options.follow ?? false;
  let top = 0;
  let height = 10;
  let columns = 80;
  let showOffset: number | undefined;
  let wrapped: WrappedRow[] = [];
  let wrappedColumns = -1;
  /** Rows and text up to here are final. */
  let finalRows = 0;
  let finalText = 0;
  /**
   * The text behind them. It is looked into instead of the whole: JavaScript would copy all of a text that grew to look
   * into it once, and each row would keep the copy it was cut from.
   */
  let tail = text;
  let wrappedLength = -1;

  function rows(width: number): readonly WrappedRow[] {
    if (width !== wrappedColumns) {
      wrapped = [];
      finalRows = 0;
      finalText = 0;
      tail = text;
      wrappedLength = -1;
      wrappedColumns = width;
    }
    if (wrappedLength === text.length) return wrapped;
    wrapped.length = finalRows;
    let from = 0;
    for (let newline = tail.indexOf('\n'); newline >= 0; newline = tail.indexOf('\n', from)) {
      for (const row of wrapParagraph(tail.slice(from, newline), width, finalText + from)) wrapped.push(row);
      from = newline + 1;
    }
    finalRows = from > 0 ? wrapped.length : finalRows;
    for (const row of wrapParagraph(tail.slice(from), width, finalText + from)) wrapped.push(row);
    // Of a long last paragraph all but the last two rows stand: a mark that joins the sign before it changes no earlier one.
    const standing = wrapped.length - 2;
    const next = wrapped[standing];
    if (standing > finalRows && next) {
      finalRows = standing;
      from = next.start - finalText;
    }
    tail = tail.slice(from);
    finalText += from;
    wrappedLength = text.length;
    return wrapped;
  }

  const lowest = (): number => Math.max(0, rows(columns).length - height);

  /** First row while the end is followed. */
  function followed(): number {
    const needed = lowest();
    if (!options.stepwise || needed === 0) return needed;
    const step = Math.floor(height / 3);
    return top >= needed && top <= needed + step ? top : needed + step;
  }

  function scrollTo(row: number): void {
    const before = top;
    top = Math.max(0, Math.min(lowest(), row));
    stuck = (options.follow ?? false) && top === lowest();
    if (before !== top) changed();
  }

  function changed(): void {
    version++;
    for (const listener of listeners) listener();
  }

  return {
    text: () => text,
    rows,
    following: () => stuck,
    version: () => version,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    append: (more) => {
      if (more === '') return;
      text += more;
      tail += more;
      version++;
    },
    set: (next, at) => {
      if (next === text && at === undefined) return;
      if (text !== '' && next.startsWith(text)) {
        tail += next.slice(text.length);
        text = next;
      } else {
        text = next;
        wrappedColumns = -1;
        top = 0;
        stuck = options.follow ?? false;
      }
      showOffset = at;
      changed();
    },
    top: (width, visibleRows) => {
      columns = width;
      height = Math.max(1, visibleRows);
      if (showOffset !== undefined) {
        const offset = showOffset;
        const row = rows(width).findLastIndex((each) => each.start <= offset);
        // One third down: what comes before a quotation helps to read it.
        top = row - Math.floor(height / 3);
        showOffset = undefined;
        stuck = false;
      }
      top = stuck ? followed() : Math.max(0, Math.min(lowest(), top));
      return top;
    },
    move: (by) => scrollTo(top + by),
    page: (direction) => scrollTo(top + direction * Math.max(1, height - 1)),
    edge: (end) => scrollTo(end === 'first' ? 0 : lowest()),
  };
}
