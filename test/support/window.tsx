import { Socket } from 'node:net';
import type { ReactElement } from 'react';
import { createApp } from '../../src/app/create-app.tsx';
import { mountApp } from '../../src/app/mount.tsx';
import type { AppOptions, AppTerminal } from '../../src/app/parts.ts';
import type { TerminalEvent } from '../../src/keys/types.ts';
import { busy } from '../../src/platform/busy.ts';
import { type CursorPosition, FrameStdout } from '../../src/terminal/painter.ts';
import { createScheduler, type Scheduler } from '../../stores/scheduler.ts';
import { createUiStore, type UiOptions, type UiStore } from '../../stores/ui.ts';

/** Ink's frames as plain rows, at any size. */
class CapturingStdout extends FrameStdout {
  latest = '';
  override write(data: Uint8Array | string): boolean {
    this.latest = typeof data === 'string' ? data : new TextDecoder().decode(data);
    return super.write(data);
  }
}

class NoStdin extends Socket {
  readonly isTTY = false;
  readonly isRaw = false;
  readonly fd = -1;
  setRawMode(): this {
    return this;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: styles are taken out
const plain = (text: string): string => text.replace(/\u001b\[[\d;]*m/g, '');

export interface Canvas {
  readonly rows: () => string[];
  readonly text: () => string;
  /** With its styles. */
  readonly raw: () => string;
  readonly settled: () => Promise<void>;
  readonly resize: (columns: number, rows: number) => void;
  readonly unmount: () => void;
}

/** Draws an element on a canvas of a size. */
export function draw(element: ReactElement, columns: number, rows: number): Canvas {
  const inkStdout = new CapturingStdout({ write: () => true, columns, rows });
  const size = { columns, rows };
  const canvas = {
    inkStdout,
    inkStdin: new NoStdin(),
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
  };
  const mounted = mountApp(element, canvas);
  return {
    rows: () => plain(inkStdout.latest).split('\n'),
    text: () => plain(inkStdout.latest),
    raw: () => inkStdout.latest,
    settled: () => mounted.waitUntilIdle(),
    resize: (nextColumns, nextRows) => {
      Object.assign(size, { columns: nextColumns, rows: nextRows });
      inkStdout.resize(nextColumns, nextRows);
    },
    unmount: () => mounted.unmount(),
  };
}

export interface TestWindow extends Canvas {
  readonly ui: UiStore;
  readonly scheduler: Scheduler;
  /** Keys by name (`ctrl+p`), one after the other. */
  readonly press: (...names: string[]) => Promise<void>;
  readonly type: (text: string) => Promise<void>;
  readonly send: (event: TerminalEvent) => Promise<void>;
  readonly click: (x: number, y: number) => Promise<void>;
  readonly cursor: () => CursorPosition | null;
  /** What the app asked of the terminal. */
  readonly asked: string[];
  readonly dispose: () => void;
}

export type WindowOptions = Partial<Omit<AppOptions, 'terminal' | 'ui' | 'scheduler'>> &
  Pick<AppOptions, 'screens'> & { readonly columns?: number; readonly rows?: number; readonly ui?: UiOptions };

/** The whole app on a fake terminal: keys in, frames out. */
export function openWindow(options: WindowOptions): TestWindow {
  const { columns = 80, rows = 24 } = options;
  const ui = createUiStore({ after: () => () => undefined, theme: 'none', ...options.ui, size: { columns, rows } });
  const scheduler = createScheduler({ begin: () => busy.begin('paint') });
  const asked: string[] = [];
  const resizes = new Set<(size: { columns: number; rows: number }) => void>();
  let cursor: CursorPosition | null = null;
  let size = { columns, rows };
  const terminal: AppTerminal = {
    size: () => size,
    onEvent: () => () => undefined,
    onResize: (listener) => {
      resizes.add(listener);
      return () => resizes.delete(listener);
    },
    onStrayOutput: () => () => undefined,
    setCursor: (position) => {
      cursor = position;
    },
    redraw: () => asked.push('redraw'),
    setMouse: (on) => asked.push(`mouse ${on}`),
    copy: (text) => {
      asked.push(`copy ${text}`);
      return { via: 'terminal', bytes: text.length, cut: false, message: 'Copied' };
    },
    suspend: () => asked.push('suspend'),
    suspendFor: async (work) => work(),
  };
  const app = createApp({
    watch: [],
    status: () => [],
    runningJobs: () => [],
    quit: () => asked.push('quit'),
    ...options,
    terminal,
    ui,
    scheduler,
  });
  const canvas = draw(app.element, columns, rows);
  const send = async (event: TerminalEvent): Promise<void> => {
    app.dispatch(event);
    await canvas.settled();
  };
  return {
    ...canvas,
    ui,
    scheduler,
    asked,
    send,
    cursor: () => cursor,
    press: async (...names) => {
      for (const name of names) {
        const text = name === 'space' ? ' ' : [...name].length === 1 ? name : undefined;
        await send({ type: 'key', name, ...(text === undefined ? {} : { text }) });
      }
    },
    type: async (text) => {
      for (const character of text) {
        await send({ type: 'key', name: character === ' ' ? 'space' : character, text: character });
      }
    },
    click: (x, y) => send({ type: 'mouse', kind: 'press', button: 'left', x, y }),
    resize: (nextColumns, nextRows) => {
      size = { columns: nextColumns, rows: nextRows };
      for (const listener of resizes) listener(size);
      canvas.resize(nextColumns, nextRows);
    },
    dispose: () => {
      canvas.unmount();
      app.dispose();
    },
  };
}
