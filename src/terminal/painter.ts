import { Socket } from 'node:net';
import { drawRow, type Simple } from './row.ts';

export interface CursorPosition {
  /** From 0, in cells. */
  readonly x: number;
  readonly y: number;
}

/** What the painter has done so far; `bytes` are UTF-8 bytes handed to the terminal. */
export interface PaintCounters {
  /** Frames received from Ink. */
  readonly frames: number;
  /** Frames never drawn because a newer one came first. */
  readonly dropped: number;
  /** Writes to the terminal. */
  readonly paints: number;
  readonly rows: number;
  readonly bytes: number;
  readonly fullClears: number;
}

export interface FrameStdoutOptions {
  /** Writes to the real terminal; false = it is full, `drained()` will be called. */
  readonly write: (data: string) => boolean;
  readonly columns: number;
  readonly rows: number;
  /** What is made simpler for a multiplexer (see `drawRow`). */
  readonly simple?: Simple;
  /** After each write, for whoever waits for the screen to be still. */
  readonly onPaint?: () => void;
}

const SYNC_BEGIN = '\u001b[?2026h';
const SYNC_END = '\u001b[?2026l';
const SHOW_CURSOR = '\u001b[?25h';
const HIDE_CURSOR = '\u001b[?25l';
const CLEAR = '\u001b[0m\u001b[2J';
// biome-ignore lint/suspicious/noControlCharactersInRegex: what Ink and its helpers write besides frames
const NOT_A_FRAME = /^(?:\u001b\[\??[\d;]*[A-Za-z])*$/;

/**
 * Stands in for stdout in Ink's `render({debug: true})`, where every write is one whole frame. Only rows that differ
 * from those on the screen are written, each by its absolute address, in one synchronised update (DEC 2026); the
 * screen is cleared only at the first frame, on a resize and on `redraw()`. The frames of one turn of the event loop
 * become one paint, and while the terminal is slow only the newest frame is kept.
 */
export class FrameStdout extends Socket {
  // Ink and cli-cursor would write cursor sequences to a TTY; the cursor is ours.
  readonly isTTY = false;
  columns: number;
  rows: number;
  private readonly writeOut: (data: string) => boolean;
  private readonly onPaint: () => void;
  private readonly simple: Simple;
  /** Newest frame, as rows; drawn at the next paint. */
  private frame: readonly string[] = [];
  /** Rows that are on the screen now, before cutting; undefined = unknown, clear first. */
  private shown: readonly string[] | undefined;
  private cursor: CursorPosition | undefined;
  private shownCursor: string = HIDE_CURSOR;
  private queued = false;
  private blocked = false;
  private held = false;
  private stopped = false;
  private hasFrame = false;
  private undrawn = false;
  private readonly counts = { frames: 0, dropped: 0, paints: 0, rows: 0, bytes: 0, fullClears: 0 };

  constructor(options: FrameStdoutOptions) {
    super();
    this.writeOut = options.write;
    this.onPaint = options.onPaint ?? (() => {});
    this.simple = options.simple ?? 'none';
    this.columns = options.columns;
    this.rows = options.rows;
  }

  get counters(): PaintCounters {
    return { ...this.counts };
  }

  /** A frame waits to be drawn. */
  get waiting(): boolean {
    return this.queued || this.blocked || this.undrawn;
  }

  /** Takes one whole frame from Ink. Never blocks: the painter keeps the newest frame only. */
  override write(
    data: Uint8Array | string,
    encodingOrCallback?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    if (!this.stopped && !NOT_A_FRAME.test(text)) this.takeFrame(text);
    const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
    if (done) queueMicrotask(() => done());
    return true;
  }

  /** Where the hardware cursor (and an input method's window) stands; null hides it. */
  setCursor(position: CursorPosition | null): void {
    this.cursor = position ?? undefined;
    this.schedule();
  }

  /** New size: the next paint clears and draws everything. Emits `resize`, as a real stdout does. */
  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.redraw();
    this.emit('resize');
  }

  /** Clears and draws everything at the next paint (Ctrl+L, or another program wrote on our screen). */
  redraw(): void {
    this.shown = undefined;
    this.shownCursor = '';
    this.schedule();
  }

  /** The terminal takes bytes again after a write that returned false. */
  drained(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.schedule();
  }

  /** While paused (another program has the terminal) frames are kept, not drawn. */
  pausePainting(): void {
    this.held = true;
  }

  resumePainting(): void {
    this.held = false;
    this.redraw();
  }

  /** Nothing is drawn any more. */
  stop(): void {
    this.stopped = true;
  }

  getWindowSize(): [number, number] {
    return [this.columns, this.rows];
  }

  // What the type of a terminal's stdout asks for besides; Ink never calls these, and they must not reach the screen.
  clearLine(): boolean {
    return true;
  }
  clearScreenDown(): boolean {
    return true;
  }
  cursorTo(): boolean {
    return true;
  }
  moveCursor(): boolean {
    return true;
  }
  getColorDepth(): number {
    return 24;
  }
  hasColors(): boolean {
    return true;
  }

  private takeFrame(text: string): void {
    this.counts.frames++;
    if (this.undrawn) this.counts.dropped++;
    this.frame = text.split('\n');
    this.hasFrame = true;
    this.undrawn = true;
    this.schedule();
  }

  private schedule(): void {
    if (this.queued || this.blocked || this.held || this.stopped) return;
    this.queued = true;
    queueMicrotask(() => {
      this.queued = false;
      this.paint();
    });
  }

  private paint(): void {
    if (this.blocked || this.held || this.stopped || !this.hasFrame) return;
    this.undrawn = false;
    const rows = this.changedRows();
    const cursor = this.cursorBytes();
    if (rows === '' && cursor === this.shownCursor) {
      this.onPaint();
      return;
    }
    // Without DEC 2026 a visible cursor would be seen running over the rows.
    const hide = rows !== '' && this.shownCursor !== HIDE_CURSOR ? HIDE_CURSOR : '';
    const data = SYNC_BEGIN + hide + rows + cursor + SYNC_END;
    this.shownCursor = cursor;
    this.counts.paints++;
    this.counts.bytes += Buffer.byteLength(data);
    if (!this.writeOut(data)) this.blocked = true;
    this.onPaint();
  }

  private changedRows(): string {
    let out = '';
    const before = this.shown;
    if (!before) {
      this.counts.fullClears++;
      out += CLEAR;
    }
    const height = Math.min(this.rows, Math.max(this.frame.length, before?.length ?? 0));
    for (let y = 0; y < height; y++) {
      const row = this.frame[y] ?? '';
      if (row === (before?.[y] ?? '')) continue;
      this.counts.rows++;
      out += `\u001b[${y + 1};1H${drawRow(row, this.columns, this.simple)}`;
    }
    this.shown = this.frame;
    return out;
  }

  private cursorBytes(): string {
    const { cursor } = this;
    if (!cursor || cursor.x < 0 || cursor.y < 0 || cursor.y >= this.rows || cursor.x >= this.columns) {
      return HIDE_CURSOR;
    }
    return `\u001b[${cursor.y + 1};${cursor.x + 1}H${SHOW_CURSOR}`;
  }
}

/** See `FrameStdout`. */
export function createFrameStdout(options: FrameStdoutOptions): FrameStdout {
  return new FrameStdout(options);
}
