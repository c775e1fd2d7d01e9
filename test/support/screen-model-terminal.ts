import type { TerminalEvent } from '../../src/keys/types.ts';
import { busy } from '../../src/platform/busy.ts';
import { planCopy } from '../../src/terminal/clipboard.ts';
import { createInputParser } from '../../src/terminal/input.ts';
import { createFrameStdout } from '../../src/terminal/painter.ts';
import { SilentStdin } from '../../src/terminal/silent-stdin.ts';
import type { Terminal } from '../../src/terminal/terminal.ts';
import { keyBytes } from './pty-keys.ts';
import {
  describeExpectation,
  drawScreen,
  type Expectation,
  matches,
  ScreenModel,
  type ScreenModelOptions,
} from './screen-model.ts';

/** A whole `Terminal` in memory, for screen tests without a process: real painter, real parser, xterm.js as the screen. */
export interface MemoryTerminal extends Terminal {
  readonly model: ScreenModel;
  screen(): string[];
  /** Keys by their names in the action tables. */
  press(...keys: string[]): void;
  type(text: string): void;
  paste(text: string): void;
  click(x: number, y: number): void;
  resize(columns: number, rows: number): void;
  /** Resolves when nothing is counted as busy, no commit is queued and the last frame is on the screen. */
  waitIdle(): Promise<void>;
  /** As `App.waitFor`: rejects with the screen drawn. */
  waitFor(expected: Expectation, timeoutMs?: number): Promise<void>;
  /** Texts given to `copy` and messages given to `ring` and `close`, in order. */
  readonly said: readonly string[];
}

const QUIET_TURNS = 4;
const DEFAULT_TIMEOUT_MS = 10_000;

export function createMemoryTerminal(options: ScreenModelOptions): MemoryTerminal {
  const model = new ScreenModel(options);
  const eventListeners = new Set<(event: TerminalEvent) => void>();
  const resizeListeners = new Set<(size: { columns: number; rows: number }) => void>();
  const strayListeners = new Set<(text: string) => void>();
  const said: string[] = [];
  let size = { columns: options.columns, rows: options.rows };
  let mouse = true;

  // What `modes.ts` sets and drawing relies on: the alternate screen, no wrapping, no cursor.
  void model.write('\u001b[?1049h\u001b[?7l\u001b[?25l');
  const inkStdout = createFrameStdout({
    ...size,
    write(data) {
      void model.write(data);
      return true;
    },
  });
  const parser = createInputParser({
    onEvent(event) {
      for (const listener of [...eventListeners]) listener(event);
    },
  });
  const send = (bytes: string) => parser.feed(Buffer.from(bytes));

  async function waitIdle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = busy.count > 0 || inkStdout.waiting ? 0 : quiet + 1;
    }
    await model.write('');
  }

  return {
    model,
    said,
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    size: () => size,
    onEvent: (listener) => subscribe(eventListeners, listener),
    onResize: (listener) => subscribe(resizeListeners, listener),
    onStrayOutput: (listener) => subscribe(strayListeners, listener),
    inkStdout,
    inkStdin: new SilentStdin(),
    setCursor: (position) => inkStdout.setCursor(position),
    redraw: () => inkStdout.redraw(),
    get mouse() {
      return mouse;
    },
    setMouse(on) {
      mouse = on;
    },
    copy(text) {
      said.push(text);
      const { via, bytes, cut, message } = planCopy(text, {});
      return { via, bytes, cut, message };
    },
    ring(message) {
      said.push(message ?? 'bell');
    },
    suspend() {
      said.push('suspended');
    },
    async suspendFor(work) {
      return await work();
    },
    close(message) {
      inkStdout.stop();
      parser.close();
      if (message) said.push(message);
    },
    screen: () => model.screen(),
    press(...keys) {
      for (const key of keys) {
        send(keyBytes(key));
        // No other bytes follow in this test: a lone ESC is the key.
        if (key === 'esc') parser.flush();
      }
    },
    type: send,
    paste: (text) => send(`\u001b[200~${text.replace(/\n/g, '\r')}\u001b[201~`),
    click: (x, y) => send(`\u001b[<0;${x + 1};${y + 1}M\u001b[<0;${x + 1};${y + 1}m`),
    resize(columns, rows) {
      size = { columns, rows };
      model.resize(columns, rows);
      for (const listener of [...resizeListeners]) listener(size);
      inkStdout.resize(columns, rows);
    },
    waitIdle,
    async waitFor(expected, timeoutMs = DEFAULT_TIMEOUT_MS) {
      const end = performance.now() + timeoutMs;
      for (;;) {
        await model.write('');
        if (matches(expected, model.screen())) return;
        if (performance.now() > end) {
          const picture = drawScreen(model.screen(), model.columns);
          throw new Error(
            `${timeoutMs} ms passed while waiting for ${describeExpectation(expected)}. The screen:\n${picture}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
