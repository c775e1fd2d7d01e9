import path from 'node:path';
import { spawn } from '@lydell/node-pty';
import { packageRoot } from '../../src/platform/entry.ts';
import { keyBytes } from './pty-keys.ts';
import {
  describeExpectation,
  drawScreen,
  type Expectation,
  matches,
  ScreenModel,
  type ScreenModelOptions,
} from './screen-model.ts';

export interface LaunchOptions {
  /** Arguments after the script. */
  readonly args?: readonly string[];
  /** Default `bin/ragtui.js` (build first). */
  readonly script?: string;
  /** Run this instead of node with `script` (a shell, for job control). */
  readonly command?: string;
  readonly columns?: number;
  readonly rows?: number;
  /** Added to ours; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** RAGTUI_HOME, and the config folder beside it. */
  readonly home?: string;
  readonly cwd?: string;
  readonly widths?: ScreenModelOptions['widths'];
}

export interface ExitStatus {
  readonly code: number;
  readonly signal: number;
}

export interface App {
  readonly pid: number;
  /** The visible rows, trailing blanks cut. */
  screen(): string[];
  /** The terminal model, for cursor, cells, modes, clipboard. */
  readonly model: ScreenModel;
  /** Waits until the screen holds the text (in one row), matches (rows joined by \n) or satisfies; rejects with the screen drawn. */
  waitFor(expected: Expectation, timeoutMs?: number): Promise<void>;
  /** Waits until all that was sent is acted upon and the app counts nothing under way. */
  waitIdle(timeoutMs?: number): Promise<void>;
  /** Keys by their names in the action tables: `press('ctrl+p', 'down', 'enter')`. */
  press(...keys: string[]): void;
  /** Bytes of this text, as a keyboard or an input method sends them. */
  type(text: string): void;
  /** As a terminal pastes: bracketed if the app asked for it, newlines as \r. */
  paste(text: string): void;
  /** Left click at a cell, from 0. */
  click(x: number, y: number): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  /** All that the app wrote. */
  rawBytes(): Buffer;
  readonly exit: Promise<ExitStatus>;
  /** Ends the app whatever it does; call it in afterEach. */
  dispose(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Runs the app in a pseudo-terminal with a terminal model behind it. */
export function launch(options: LaunchOptions = {}): App {
  const { columns = 80, rows = 24 } = options;
  const script = options.script ?? path.join(packageRoot(), 'bin', 'ragtui.js');
  const args = [...(options.args ?? [])];
  const pty = spawn(options.command ?? process.execPath, options.command ? args : [script, ...args], {
    name: 'xterm-256color',
    cols: columns,
    rows,
    cwd: options.cwd ?? packageRoot(),
    env: childEnv(options),
    encoding: null,
  });
  const model = new ScreenModel({ columns, rows, widths: options.widths ?? 'modern' });
  const received: Buffer[] = [];
  const watchers = new Set<() => void>();
  let bytesSent = 0;
  let unparsed = 0;
  let exited: ExitStatus | undefined;

  // With encoding null the data are Buffers, whatever the type says.
  pty.onData((data: string | Uint8Array) => {
    const bytes = Buffer.from(data);
    received.push(bytes);
    unparsed++;
    void model.write(bytes).then(() => {
      unparsed--;
      for (const watcher of [...watchers]) watcher();
    });
  });
  const exit = new Promise<ExitStatus>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      exited = { code: exitCode, signal: signal ?? 0 };
      // What is still in the model's queue belongs to the last screen.
      void model.write('').then(() => {
        if (exited) resolve(exited);
        for (const watcher of [...watchers]) watcher();
      });
    });
  });

  function send(text: string): void {
    bytesSent += Buffer.byteLength(text);
    pty.write(text);
  }

  function wait(what: string, holds: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        finish();
        const picture = drawScreen(model.screen(), model.columns);
        reject(new Error(`${reason} while waiting for ${what}. The screen:\n${picture}`));
      };
      const check = () => {
        if (holds()) {
          finish();
          resolve();
        } else if (exited && unparsed === 0) {
          fail(`the app ended (code ${exited.code}, signal ${exited.signal})`);
        }
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      const finish = () => {
        clearTimeout(timer);
        watchers.delete(check);
      };
      watchers.add(check);
      check();
    });
  }

  return {
    pid: pty.pid,
    model,
    exit,
    screen: () => model.screen(),
    waitFor: (expected, timeoutMs = DEFAULT_TIMEOUT_MS) =>
      wait(describeExpectation(expected), () => matches(expected, model.screen()), timeoutMs),
    waitIdle: (timeoutMs = DEFAULT_TIMEOUT_MS) =>
      wait(
        'idle',
        () => {
          const mark = model.idleMark();
          return (
            mark !== undefined &&
            unparsed === 0 &&
            mark.bytesRead >= bytesSent &&
            mark.columns === model.columns &&
            mark.rows === model.height
          );
        },
        timeoutMs,
      ),
    press(...keys) {
      for (const key of keys) send(keyBytes(key));
    },
    type: send,
    paste(text) {
      const body = text.replace(/\n/g, '\r');
      send(model.bracketedPaste() ? `\u001b[200~${body}\u001b[201~` : body);
    },
    click(x, y) {
      send(`\u001b[<0;${x + 1};${y + 1}M\u001b[<0;${x + 1};${y + 1}m`);
    },
    resize(newColumns, newRows) {
      model.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
    },
    kill(signal) {
      process.kill(pty.pid, signal);
    },
    rawBytes: () => Buffer.concat(received),
    async dispose() {
      if (!exited) {
        try {
          process.kill(pty.pid, 'SIGKILL');
        } catch {
          // It ended in this moment.
        }
        await exit;
      }
      model.dispose();
    },
  };
}

function childEnv(options: LaunchOptions): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env };
  // These change what is drawn; each test says what it wants.
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'TMUX', 'STY', 'VITEST', 'NODE_ENV', 'NODE_OPTIONS']) delete env[name];
  Object.assign(env, {
    CI: 'false',
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    LANG: 'C.UTF-8',
    RAGTUI_TEST_IDLE: '1',
  });
  if (options.home) {
    env['RAGTUI_HOME'] = options.home;
    env['RAGTUI_CONFIG_HOME'] = path.join(options.home, 'config');
  }
  Object.assign(env, options.env);
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  return env;
}
