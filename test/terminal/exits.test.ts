import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/platform/entry.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { type App, launch } from '../support/pty.ts';
import { bundleSampleApp } from './sample.ts';

let sample: { script: string; folder: string };
let app: App | undefined;

beforeAll(async () => {
  sample = await bundleSampleApp();
});
afterEach(async () => {
  await app?.dispose();
  app = undefined;
});
afterAll(() => rmSync(sample.folder, { recursive: true, force: true }));

/** Runs the app under a shell that says afterwards how it ended and how the tty was left. */
async function startUnderShell(env: Record<string, string> = {}): Promise<{ running: App; pid: number }> {
  const script =
    '"$0" "$1"; echo "code $?"; stty -a | tr ";" "\\n" | grep -o -e "-*icanon" -e "-*echo " -e "-*isig"; echo done';
  const running = launch({ command: 'sh', args: ['-c', script, process.execPath, sample.script], env });
  app = running;
  await running.waitFor(/ready pid \d+/);
  await running.waitIdle();
  return { running, pid: Number(/ready pid (\d+)/.exec(running.screen().join('\n'))?.[1]) };
}

/** All that a terminal remembers of us is as before, and was put back once. */
function expectRestored(running: App): void {
  const { model } = running;
  expect(model.isAlternate()).toBe(false);
  expect(model.cursor().visible).toBe(true);
  const off = [1000, 1002, 1004, 1006, 1049, 2004, 2026];
  expect(off.filter((mode) => model.mode(mode) !== false)).toEqual([]);
  expect(model.mode(7)).toBe(true);
  const raw = running.rawBytes().toString('latin1');
  expect(raw.split('\u001b[?1049l')).toHaveLength(2);
  // Nothing of a frame comes after the restore.
  expect(raw.slice(raw.indexOf('\u001b[?1049l'))).not.toContain('\u001b[?2026h');
  const screen = running.screen().join('\n');
  expect(screen).toMatch(/^ *icanon$/m);
  expect(screen).toMatch(/^ *echo *$/m);
  expect(screen).toMatch(/^ *isig$/m);
}

describe('every way out gives the terminal back', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const)('%s, exit code %i', async (signal, code) => {
    const { running, pid } = await startUnderShell();
    process.kill(pid, signal);
    await running.waitFor('done');
    expect(running.screen().join('\n')).toContain(`code ${code}`);
    expectRestored(running);
  });

  it.each([
    ['a throw in a key handler', 'X', 1, 'ragtui: sample: thrown in a key handler'],
    ['a throw while rendering', 'T', 1, 'ragtui: sample: thrown while rendering'],
    ['a rejected promise', 'R', 1, 'ragtui: sample: rejected'],
    ['process.exit', 'E', 3, undefined],
    ['close with a message', 'Q', 0, 'sample: bye'],
  ])('%s', async (_, key, code, message) => {
    const { running } = await startUnderShell();
    running.press(key);
    await running.waitFor('done');
    const screen = running.screen();
    expect(screen).toContain(`code ${code}`);
    if (message) expect(screen).toContain(message);
    // One line, no stack.
    expect(screen.join('\n')).not.toMatch(/^ +at /m);
    expectRestored(running);
  });

  it('a terminal that goes away ends us by SIGHUP, not by an abort', async () => {
    const result = path.join(sample.folder, 'code');
    // The shell ignores the hang-up, so that it can still say how we ended.
    const script = 'trap "" HUP; "$0" "$1"; echo "code $?" > "$2.part"; mv "$2.part" "$2"';
    const owner = `require('@lydell/node-pty').spawn('sh', ${JSON.stringify(['-c', script, process.execPath, sample.script, result])}, { cols: 80, rows: 24 }).onData((data) => process.stdout.write(data))`;
    const terminal = spawn(process.execPath, ['-e', owner], {
      cwd: packageRoot(),
      env: { ...process.env, TERM: 'xterm-256color', CI: 'false' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    terminal.stdout.on('data', (data) => {
      shown += String(data);
    });
    expect(await waitUntil(() => /ready pid/.test(shown), 20_000)).toBe(true);
    // The terminal emulator dies: its side of the pty closes.
    terminal.kill('SIGKILL');
    expect(await waitUntil(() => existsSync(result), 20_000)).toBe(true);
    expect(readFileSync(result, 'utf8')).toBe('code 129\n');
  });

  it('shows the stack with RAGTUI_DEBUG=1', async () => {
    const { running } = await startUnderShell({ RAGTUI_DEBUG: '1' });
    running.press('X');
    await running.waitFor('done');
    expect(running.screen().join('\n')).toMatch(/^ +at /m);
    expectRestored(running);
  });
});

describe('stopping and going on', () => {
  async function startUnderBash(): Promise<App> {
    const running = launch({
      command: 'bash',
      args: ['--norc', '--noprofile', '-i'],
      env: { PS1: 'shell> ', HISTFILE: undefined },
    });
    app = running;
    await running.waitFor('shell>');
    running.type(`'${process.execPath}' '${sample.script}'\r`);
    await running.waitFor(/ready pid \d+/);
    return running;
  }

  const pidOf = (running: App) => Number(/ready pid (\d+)/.exec(running.screen().join('\n'))?.[1]);

  async function expectStoppedAndResumed(running: App, times = 1): Promise<void> {
    await running.waitFor((screen) => screen.filter((row) => row.includes('Stopped')).length === times);
    expect(running.model.isAlternate()).toBe(false);
    expect(running.model.cursor().visible).toBe(true);
    // (Bracketed paste is bash's own now.)
    expect([1000, 1002, 1004, 1006].map((mode) => running.model.mode(mode))).toEqual([false, false, false, false]);
    // The shell echoes again: the tty is its own.
    running.type(`echo back in $((40+${times}))\r`);
    await running.waitFor(`back in ${40 + times}`);
    running.type('fg\r');
    await running.waitFor(/size 80x24/);
    expect(running.model.isAlternate()).toBe(true);
    expect([1000, 1004, 2004].map((mode) => running.model.mode(mode))).toEqual([true, true, true]);
    const before = Number(/count (\d+)/.exec(running.screen()[1] ?? '')?.[1]);
    running.press('J');
    await running.waitFor(`count ${before + 1}`);
  }

  it('Ctrl+Z goes to the shell and comes back with fg, twice', async () => {
    const running = await startUnderBash();
    running.press('ctrl+z');
    await expectStoppedAndResumed(running);
    running.press('ctrl+z');
    await expectStoppedAndResumed(running, 2);
    running.press('Q');
    await running.waitFor('sample: bye');
  });

  it('SIGTSTP from outside does the same', async () => {
    const running = await startUnderBash();
    process.kill(pidOf(running), 'SIGTSTP');
    await expectStoppedAndResumed(running);
  });

  it('takes the terminal again after a SIGSTOP that left no time to give it back', async () => {
    const running = await startUnderBash();
    process.kill(pidOf(running), 'SIGSTOP');
    await running.waitFor('Stopped');
    running.type('fg\r');
    await running.waitFor(
      (screen) => screen[1]?.includes('size 80x24') === true && screen[0]?.startsWith('╭') === true,
    );
    running.press('J');
    await running.waitFor('count 1');
    running.press('J');
    await running.waitFor('count 2');
  });

  it('goes on when there is no shell to go back to', async () => {
    const running = launch({ script: sample.script });
    app = running;
    await running.waitFor('ready');
    running.press('ctrl+z');
    await running.waitFor(() => running.model.mode(1049) === false);
    await running.waitFor(() => running.model.mode(1049) === true);
    running.press('J');
    await running.waitFor('count 1');
  });
});

describe('lending the terminal', () => {
  it('gives an editor the plain terminal and draws everything anew after it', async () => {
    const running = launch({ script: sample.script });
    app = running;
    await running.waitFor('ready');
    running.press('O');
    await running.waitFor('EDITOR HERE');
    expect(running.model.isAlternate()).toBe(false);
    expect(running.model.mode(1000)).toBe(false);
    running.type('a line\r');
    await running.waitFor('editor closed');
    expect(running.model.isAlternate()).toBe(true);
    expect(running.screen()[0]).toMatch(/^╭─+╮$/);
    // What was typed for the editor is not ours.
    expect(running.screen()[2]).not.toContain('a line');
    running.press('J');
    await running.waitFor('count 1');
  });

  it('leaves Ctrl+C to the editor', async () => {
    const running = launch({ script: sample.script });
    app = running;
    await running.waitFor('ready');
    running.press('O');
    await running.waitFor('EDITOR HERE');
    running.type('\u0003');
    await running.waitFor('editor closed');
    running.press('J');
    await running.waitFor('count 1');
  });
});
