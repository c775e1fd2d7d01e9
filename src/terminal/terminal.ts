import type { TerminalEvent } from '../keys/types.ts';
import { busy } from '../platform/busy.ts';
import { RagtuiError } from '../platform/errors.ts';
import { type CopyResult, copyText } from './clipboard.ts';
import { exitAfterHangUp, guardExits, stopProcess } from './exits.ts';
import { createIdleReporter } from './idle-mark.ts';
import { createInputParser } from './input.ts';
import { createModes, writeAllSync } from './modes.ts';
import { type CursorPosition, createFrameStdout, type FrameStdout } from './painter.ts';
import { SilentStdin } from './silent-stdin.ts';
import { readSize, type TerminalSize } from './size.ts';
import { captureOutput } from './stray-output.ts';

type Unsubscribe = () => void;

export interface TerminalOptions {
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream & { readonly fd: number };
  readonly env?: NodeJS.ProcessEnv;
  readonly mouse?: boolean;
  readonly kitty?: boolean;
  readonly escapeTimeoutMs?: number;
  /** What was thrown, before the process ends with exit code 1. */
  readonly onCrash?: (error: unknown) => void;
}

/** The person's terminal while the app has it: alternate screen, raw input, frames by `inkStdout`. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** The same object until the size changes. */
  size(): TerminalSize;
  /** Keys, pastes, mouse, focus, replies, in the order they came. A listener that throws ends the app, terminal restored. */
  onEvent(listener: (event: TerminalEvent) => void): Unsubscribe;
  onResize(listener: (size: TerminalSize) => void): Unsubscribe;
  /** What others (console, libraries) wrote to stdout or stderr meanwhile: for the log panel. */
  onStrayOutput(listener: (text: string) => void): Unsubscribe;
  /** For Ink's `render({debug: true})` only; see `mountApp`. */
  readonly inkStdout: FrameStdout;
  /** Never sends anything: Ink must not read keys. */
  readonly inkStdin: NodeJS.ReadStream;
  /** Hardware cursor for the focused editor, from 0 in cells; null hides it. */
  setCursor(position: CursorPosition | null): void;
  /** Clears and draws everything anew (Ctrl+L). */
  redraw(): void;
  readonly mouse: boolean;
  setMouse(on: boolean): void;
  copy(text: string): CopyResult;
  /** Bell, and a desktop notification (OSC 9) where the terminal knows it. */
  ring(message?: string): void;
  /** Ctrl+Z: back to the shell; goes on when the shell says so. */
  suspend(): void;
  /** Lends the terminal to another program (`$EDITOR`, a pager) until `work` is done. */
  suspendFor<T>(work: () => Promise<T> | T): Promise<T>;
  /** Gives the terminal back for good; `message` is one line below the user's prompt. */
  close(message?: string): void;
}

/**
 * Takes the terminal. Every way out of the process gives it back first (see `guardExits`).
 * @throws RagtuiError `usage` when stdin or stdout is no terminal.
 */
export function openTerminal(options: TerminalOptions = {}): Terminal {
  const { stdin = process.stdin, stdout = process.stdout, env = process.env } = options;
  refuseNonTerminal(stdin, stdout, env);

  const eventListeners = new Set<(event: TerminalEvent) => void>();
  const resizeListeners = new Set<(size: TerminalSize) => void>();
  let size = readSize(stdout, env);
  let bytesRead = 0;
  let lent = false;
  let suspended = false;
  let closed = false;

  const output = captureOutput(stdout, process.stderr);
  const modes = createModes({
    fd: stdout.fd,
    mouse: options.mouse ?? true,
    kitty: options.kitty ?? false,
    setRawMode(on) {
      if (!stdin.destroyed) stdin.setRawMode(on);
    },
  });
  const inkStdout = createFrameStdout({
    write: output.write,
    ...size,
    simple: env['TMUX'] ? 'joined' : env['STY'] ? 'all' : 'none',
    onPaint: () => idle?.activity(),
  });
  const parser = createInputParser({
    ...(options.escapeTimeoutMs === undefined ? {} : { escapeTimeoutMs: options.escapeTimeoutMs }),
    onEvent(event) {
      idle?.activity();
      for (const listener of [...eventListeners]) listener(event);
    },
  });
  const idle =
    env['RAGTUI_TEST_IDLE'] === '1'
      ? createIdleReporter({
          busy,
          write: output.write,
          state: () => ({ bytesRead, ...size }),
          isUnsettled: () => closed || lent || parser.pending || inkStdout.waiting,
        })
      : undefined;

  function onData(bytes: Uint8Array): void {
    bytesRead += bytes.length;
    parser.feed(bytes);
    idle?.activity();
  }

  function onResize(): void {
    const next = readSize(stdout, env);
    if (next.columns === size.columns && next.rows === size.rows) return;
    size = next;
    // Listeners first: their state updates and the mount's new frame become one commit.
    for (const listener of [...resizeListeners]) listener(size);
    inkStdout.resize(size.columns, size.rows);
    idle?.activity();
  }

  function take(): void {
    modes.enter();
    stdin.resume();
    onResize();
    inkStdout.resumePainting();
  }

  function giveBack(): void {
    inkStdout.pausePainting();
    parser.close();
    modes.leave();
    stdin.pause();
  }

  /** Last step of every exit path; also the first of `close`. */
  function restore(): void {
    inkStdout.stop();
    modes.leave();
    output.release();
  }

  function suspend(): void {
    if (!modes.active) return;
    suspended = true;
    giveBack();
    process.off('SIGTSTP', suspend);
    stopProcess(() => {
      if (suspended) resumed();
    });
  }

  function resumed(): void {
    if (closed || lent) return;
    if (suspended) process.on('SIGTSTP', suspend);
    suspended = false;
    // After a SIGSTOP from outside the shell has changed the tty behind our back: leave first, so that all is set again.
    modes.leave();
    take();
  }

  const hangUp = () => exitAfterHangUp(restore);
  const unguard = guardExits({
    restore,
    suspend,
    resumed,
    isLent: () => lent,
    onCrash: options.onCrash ?? (() => {}),
    debug: env['RAGTUI_DEBUG'] === '1',
  });
  const onDrain = () => inkStdout.drained();
  stdin.on('data', onData);
  stdin.on('end', hangUp);
  stdin.on('error', hangUp);
  stdout.on('error', hangUp);
  stdout.on('resize', onResize);
  stdout.on('drain', onDrain);
  take();

  return {
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    size: () => size,
    onEvent: (listener) => subscribe(eventListeners, listener),
    onResize: (listener) => subscribe(resizeListeners, listener),
    onStrayOutput: output.onStray,
    inkStdout,
    inkStdin: new SilentStdin(),
    setCursor: (position) => inkStdout.setCursor(position),
    redraw: () => inkStdout.redraw(),
    get mouse() {
      return modes.mouse;
    },
    setMouse: (on) => modes.setMouse(on),
    copy: (text) => copyText(text, env, output.write),
    ring(message) {
      output.write(message ? `\u0007\u001b]9;${oneLine(message)}\u0007` : '\u0007');
    },
    suspend,
    async suspendFor(work) {
      lent = true;
      giveBack();
      try {
        return await work();
      } finally {
        // A Ctrl+C for the other program is a signal to us as well, read a turn later.
        await turns(2);
        lent = false;
        if (!closed) take();
      }
    },
    close(message) {
      if (closed) return;
      closed = true;
      idle?.stop();
      parser.close();
      restore();
      unguard();
      stdin.off('data', onData);
      stdin.off('end', hangUp);
      stdin.off('error', hangUp);
      stdin.pause();
      stdout.off('error', hangUp);
      stdout.off('resize', onResize);
      stdout.off('drain', onDrain);
      if (message) writeAllSync(stdout.fd, `${message}\n`);
    },
  };
}

function refuseNonTerminal(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream, env: NodeJS.ProcessEnv): void {
  const isDumb = env['TERM'] === 'dumb';
  if (stdin.isTTY && stdout.isTTY && !isDumb) return;
  const what = isDumb ? 'TERM=dumb cannot show it' : `${stdout.isTTY ? 'stdin' : 'stdout'} is not one`;
  throw new RagtuiError(
    'usage',
    `The full screen needs a terminal, and ${what}.`,
    'Without one use the commands: ragtui models pull, kb create, ingest, search, ask (see ragtui --help).',
  );
}

function subscribe<T>(listeners: Set<T>, listener: T): Unsubscribe {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character would end the sequence
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 200);
}
