import path from 'node:path';
import { spawn } from '@lydell/node-pty';
import { packageRoot } from '../../src/platform/entry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { keyBytes } from '../support/pty-keys.ts';
import { drawScreen, type Expectation, matches, ScreenModel } from '../support/screen-model.ts';

const SYNC_BEGIN = '\u001b[?2026h';
const SYNC_END = '\u001b[?2026l';
const EXIT_WITHIN_MS = 10_000;

export interface RecordOptions {
  readonly script: string;
  readonly args?: readonly string[];
  readonly columns: number;
  readonly rows: number;
  /** Added to ours; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A program in a pseudo-terminal: what it wrote, and when. Times are milliseconds of `performance.now()`. */
export interface Recording {
  readonly pid: number;
  readonly startedAt: number;
  screen(): string[];
  /** Resolves with the time of the bytes that made it true; rejects with the screen drawn. */
  seen(expected: Expectation, timeoutMs?: number): Promise<number>;
  press(...keys: string[]): void;
  type(text: string): void;
  /** From now on paints, bytes and clears are counted anew. */
  resetCounts(): void;
  counts(): { readonly paints: readonly number[]; readonly bytes: number; readonly clears: number };
  /** Ends it the hard way. */
  kill(): Promise<void>;
}

/** Runs `script` as a person's terminal would. Every paint of ours and of Ink is one synchronised update (DEC 2026). */
export function record(options: RecordOptions): Recording {
  const { columns, rows } = options;
  const startedAt = performance.now();
  const pty = spawn(process.execPath, [options.script, ...(options.args ?? [])], {
    name: 'xterm-256color',
    cols: columns,
    rows,
    cwd: packageRoot(),
    env: childEnv(options.env ?? {}),
    encoding: null,
  });
  const model = new ScreenModel({ columns, rows, widths: 'modern' });
  const watchers = new Set<(at: number) => void>();
  let text = '';
  let clearsBefore = 0;
  let exited = false;
  // With encoding null the data are Buffers, whatever the type says.
  pty.onData((data: string | Uint8Array) => {
    const at = performance.now();
    const bytes = Buffer.from(data);
    text += bytes.toString('latin1');
    void model.write(bytes).then(() => {
      for (const watcher of [...watchers]) watcher(at);
    });
  });
  pty.onExit(() => {
    exited = true;
    for (const watcher of [...watchers]) watcher(performance.now());
  });
  const clears = () => model.erased().filter((what) => what === 2).length;
  return {
    pid: pty.pid,
    startedAt,
    screen: () => model.screen(),
    seen(expected, timeoutMs = 30_000) {
      return new Promise((resolve, reject) => {
        const fail = (why: string) => {
          finish();
          reject(new Error(`${why} before ${String(expected)} was seen.\n${drawScreen(model.screen(), columns)}`));
        };
        const check = (at: number) => {
          if (matches(expected, model.screen())) {
            finish();
            resolve(at);
          } else if (exited) fail('It ended');
        };
        const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
        const finish = () => {
          clearTimeout(timer);
          watchers.delete(check);
        };
        watchers.add(check);
        check(performance.now());
      });
    },
    press(...keys) {
      for (const key of keys) pty.write(keyBytes(key));
    },
    type: (typed) => pty.write(typed),
    resetCounts() {
      text = '';
      clearsBefore = clears();
    },
    counts: () => ({ paints: paintsIn(text), bytes: text.length, clears: clears() - clearsBefore }),
    async kill() {
      if (!exited) process.kill(pty.pid, 'SIGKILL');
      await waitUntil(() => exited, EXIT_WITHIN_MS, 5);
      model.dispose();
    },
  };
}

/** Bytes of each whole synchronised update. */
function paintsIn(text: string): number[] {
  const sizes: number[] = [];
  let from = text.indexOf(SYNC_BEGIN);
  while (from >= 0) {
    const end = text.indexOf(SYNC_END, from);
    if (end < 0) break;
    sizes.push(end + SYNC_END.length - from);
    from = text.indexOf(SYNC_BEGIN, end);
  }
  return sizes;
}

export const APP = path.join(packageRoot(), 'bin', 'ragtui.js');

function childEnv(over: RecordOptions['env']): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env };
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'TMUX', 'STY', 'NODE_OPTIONS', 'RAGTUI_TEST_IDLE']) delete env[name];
  Object.assign(env, { CI: 'false', TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8' }, over);
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  return env;
}
