import xterm from '@xterm/headless';
import stringWidth from 'string-width';

export interface ScreenModelOptions {
  readonly columns: number;
  readonly rows: number;
  /** Widths of emoji: `modern` = 2 cells, `old` = 1 (Unicode 6 tables, as many terminals over SSH have). */
  readonly widths?: 'modern' | 'old';
}

export interface IdleMarkSeen {
  readonly counter: number;
  readonly bytesRead: number;
  readonly columns: number;
  readonly rows: number;
}

/** A colour as the program named it: the terminal's own, one of its 256, or 0xRRGGBB. */
export type CellColour = { readonly kind: 'default' } | { readonly kind: 'palette' | 'rgb'; readonly value: number };

/** One cell as it is drawn. */
export interface CellLook {
  /** '' for the right half of a wide character. */
  readonly text: string;
  readonly width: number;
  readonly foreground: CellColour;
  readonly background: CellColour;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

const DEFAULT_COLOUR: CellColour = { kind: 'default' };

/** A terminal in memory: takes bytes, shows what a person would see. xterm.js decides, not our own code. */
export class ScreenModel {
  private readonly terminal: xterm.Terminal;
  private readonly modes = new Map<number, boolean>();
  private readonly erasures: number[] = [];
  private readonly copies: string[] = [];
  private mark: IdleMarkSeen | undefined;

  constructor(options: ScreenModelOptions) {
    this.terminal = new xterm.Terminal({
      cols: options.columns,
      rows: options.rows,
      scrollback: 1000,
      allowProposedApi: true,
    });
    if (options.widths !== 'old') setModernWidths(this.terminal);
    this.listen();
  }

  get columns(): number {
    return this.terminal.cols;
  }

  get height(): number {
    return this.terminal.rows;
  }

  /** Resolves when the bytes are on the screen. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.terminal.write(data, resolve));
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
  }

  /** The visible rows, trailing blanks cut; lines of xterm.js may keep cells beyond a width that shrank. */
  screen(): string[] {
    const buffer = this.terminal.buffer.active;
    return Array.from(
      { length: this.terminal.rows },
      (_, y) => buffer.getLine(buffer.baseY + y)?.translateToString(true, 0, this.terminal.cols) ?? '',
    );
  }

  /** Text of one cell; '' for the right half of a wide character. */
  cell(x: number, y: number): string {
    const buffer = this.terminal.buffer.active;
    return (
      buffer
        .getLine(buffer.baseY + y)
        ?.getCell(x)
        ?.getChars() ?? ''
    );
  }

  /** Foreground as xterm counts it (palette number or RGB), -1 = default; and whether bold or inverse. */
  style(x: number, y: number): { foreground: number; background: number; bold: boolean; inverse: boolean } {
    const buffer = this.terminal.buffer.active;
    const cell = buffer.getLine(buffer.baseY + y)?.getCell(x);
    return {
      foreground: cell && !cell.isFgDefault() ? cell.getFgColor() : -1,
      background: cell && !cell.isBgDefault() ? cell.getBgColor() : -1,
      bold: Boolean(cell?.isBold()),
      inverse: Boolean(cell?.isInverse()),
    };
  }

  /** All that a picture of the cell needs. */
  look(x: number, y: number): CellLook {
    const buffer = this.terminal.buffer.active;
    const cell = buffer.getLine(buffer.baseY + y)?.getCell(x);
    const colour = (
      isRgb: boolean | undefined,
      isDefault: boolean | undefined,
      value: number | undefined,
    ): CellColour =>
      isDefault === false && value !== undefined ? { kind: isRgb ? 'rgb' : 'palette', value } : DEFAULT_COLOUR;
    return {
      text: cell?.getChars() ?? '',
      width: cell?.getWidth() ?? 1,
      foreground: colour(cell?.isFgRGB(), cell?.isFgDefault(), cell?.getFgColor()),
      background: colour(cell?.isBgRGB(), cell?.isBgDefault(), cell?.getBgColor()),
      bold: Boolean(cell?.isBold()),
      dim: Boolean(cell?.isDim()),
      italic: Boolean(cell?.isItalic()),
      underline: Boolean(cell?.isUnderline()),
      inverse: Boolean(cell?.isInverse()),
    };
  }

  cursor(): { x: number; y: number; visible: boolean } {
    const { cursorX, cursorY } = this.terminal.buffer.active;
    return { x: cursorX, y: cursorY, visible: this.modes.get(25) ?? true };
  }

  /** DEC private mode as last set by the program; undefined = never touched. */
  mode(number: number): boolean | undefined {
    return this.modes.get(number);
  }

  isAlternate(): boolean {
    return this.terminal.buffer.active.type === 'alternate';
  }

  bracketedPaste(): boolean {
    return this.terminal.modes.bracketedPasteMode;
  }

  /** Parameters of the `CSI J` seen so far: 2 = whole screen, 3 = scrollback too. */
  erased(): readonly number[] {
    return this.erasures;
  }

  /** What OSC 52 put on the clipboard, newest last. */
  clipboard(): readonly string[] {
    return this.copies;
  }

  /** The app's newest word that it has nothing left to do. */
  idleMark(): IdleMarkSeen | undefined {
    return this.mark;
  }

  dispose(): void {
    this.terminal.dispose();
  }

  private listen(): void {
    const { parser } = this.terminal;
    const setModes = (on: boolean) => (parameters: (number | number[])[]) => {
      for (const number of parameters.flat()) this.modes.set(number, on);
      return false;
    };
    parser.registerCsiHandler({ prefix: '?', final: 'h' }, setModes(true));
    parser.registerCsiHandler({ prefix: '?', final: 'l' }, setModes(false));
    parser.registerCsiHandler({ final: 'J' }, (parameters) => {
      this.erasures.push(...parameters.flat());
      return false;
    });
    parser.registerOscHandler(52, (data) => {
      this.copies.push(Buffer.from(data.slice(data.indexOf(';') + 1), 'base64').toString('utf8'));
      return true;
    });
    parser.registerOscHandler(7777, (data) => {
      const [word, counter, bytesRead, columns, rows] = data.split(';');
      if (word === 'idle') {
        this.mark = {
          counter: Number(counter),
          bytesRead: Number(bytesRead),
          columns: Number(columns),
          rows: Number(rows),
        };
      }
      return true;
    });
  }
}

/** What a test waits for: text in one row, a match in the rows joined by \n, or a condition. */
export type Expectation = string | RegExp | ((screen: readonly string[]) => boolean);

export function matches(expected: Expectation, screen: readonly string[]): boolean {
  if (typeof expected === 'string') return screen.some((row) => row.includes(expected));
  return expected instanceof RegExp ? expected.test(screen.join('\n')) : expected(screen);
}

export function describeExpectation(expected: Expectation): string {
  return typeof expected === 'function' ? `a condition (${expected.toString()})` : JSON.stringify(String(expected));
}

/** The screen in a frame with row numbers, for error messages. */
export function drawScreen(rows: readonly string[], columns: number): string {
  const bar = '─'.repeat(columns);
  const body = rows.map(
    (row, y) => `${String(y).padStart(3)}│${row}${' '.repeat(Math.max(0, columns - stringWidth(row)))}│`,
  );
  return [`   ┌${bar}┐`, ...body, `   └${bar}┘`].join('\n');
}

/** xterm.js without its add-on has Unicode 6 widths; these are per code point, joined marks take none. */
function setModernWidths(terminal: xterm.Terminal): void {
  const wcwidth = (codePoint: number): 0 | 1 | 2 => {
    const width = stringWidth(String.fromCodePoint(codePoint));
    return width >= 2 ? 2 : width === 1 ? 1 : 0;
  };
  terminal.unicode.register({
    version: 'modern',
    wcwidth,
    charProperties(codePoint, preceding) {
      let width: number = wcwidth(codePoint);
      const precedingWidth = (preceding >> 1) & 3;
      const joins = width === 0 && precedingWidth !== 0;
      if (joins) width = precedingWidth;
      return (width << 1) | (joins ? 1 : 0);
    },
  });
  terminal.unicode.activeVersion = 'modern';
}
