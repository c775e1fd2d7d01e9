// The terminal layer as a person far away has it: real sshd on loopback, alone, inside tmux and inside GNU screen, on
// a line that takes 200 ms each way. The screen is judged on the person's side of the connection.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type App, launch } from '../support/pty.ts';
import { type SlowProxy, startSlowProxy } from '../support/slow-proxy.ts';
import { onPath, type SshServer, startSshd, whyNoSshd } from '../support/sshd.ts';
import { bundleSampleApp } from './sample.ts';

const ONE_WAY_MS = 200;
const missing = whyNoSshd();

let sample: { script: string; folder: string };
let server: SshServer;
let line: SlowProxy;
let folder: string;
let app: App | undefined;

beforeAll(async () => {
  if (missing) return;
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-ssh-'));
  sample = await bundleSampleApp();
  server = await startSshd();
  line = await startSlowProxy(server.port, ONE_WAY_MS);
});
afterEach(async () => {
  await app?.dispose();
  app = undefined;
});
afterAll(async () => {
  if (missing) return;
  await line.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(sample.folder, { recursive: true, force: true });
});

interface Carrier {
  readonly name: string;
  readonly missing: string | undefined;
  /** The remote command that runs `program` in it. */
  readonly wrap: (program: string) => string;
  readonly end: () => void;
  /** OSC 52 arrives this often: tmux may take the plain one, the wrapped one and its own buffer's. */
  readonly copies: readonly [number, number];
  /** GNU screen 4.9 keeps Esc back while the mouse is on, and joined characters come as stand-ins. */
  readonly isScreen?: boolean;
}

const quiet = (program: string, args: string[]): void => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
  } catch {
    // It is gone already.
  }
};
const tmuxSocket = (): string => path.join(folder, 'tmux');
const tmux = (settings: string[]): Omit<Carrier, 'name' | 'missing'> => ({
  copies: [1, 3],
  wrap: (program) => {
    const file = path.join(folder, 'tmux.conf');
    writeFileSync(file, ['set -g status off', ...settings].map((each) => `${each}\n`).join(''));
    return `tmux -u -S ${tmuxSocket()} -f ${file} new-session ${JSON.stringify(program)}`;
  },
  end: () => quiet('tmux', ['-S', tmuxSocket(), 'kill-server']),
});
const noTmux = missing ?? (onPath('tmux') ? undefined : 'no tmux here');

const CARRIERS: readonly Carrier[] = [
  { name: 'ssh alone', missing, wrap: (program) => program, end: () => {}, copies: [1, 1] },
  { name: 'tmux as it comes', missing: noTmux, ...tmux([]) },
  {
    name: 'tmux with set-clipboard on',
    missing: noTmux,
    ...tmux(['set -s set-clipboard on', 'set -g escape-time 10']),
  },
  {
    name: 'tmux with only allow-passthrough',
    missing: noTmux,
    ...tmux(['set -s set-clipboard off', 'set -g allow-passthrough on']),
  },
  {
    name: 'GNU screen',
    missing: missing ?? (onPath('screen') ? undefined : 'no screen here'),
    wrap: (program) => {
      const file = path.join(folder, 'screenrc');
      writeFileSync(file, 'startup_message off\ndefutf8 on\n');
      return `env SCREENDIR=${folder}/screens screen -U -c ${file} -S ragtui sh -c ${JSON.stringify(program)}`;
    },
    copies: [1, 1],
    isScreen: true,
    end: () => quiet('env', [`SCREENDIR=${folder}/screens`, 'screen', '-S', 'ragtui', '-X', 'quit']),
  },
];

describe.each(CARRIERS)('$name', (carrier) => {
  const test = carrier.missing ? it.skip : it;
  const why = carrier.missing ? ` (not run: ${carrier.missing})` : '';

  afterEach(() => {
    if (!carrier.missing) carrier.end();
  });

  test(`colours, keys, mouse, paste, copy and a new size, ${ONE_WAY_MS} ms away${why}`, async () => {
    const program = `env LANG=C.UTF-8 COLORTERM=truecolor ${process.execPath} ${sample.script}`;
    const running = launch({
      command: 'ssh',
      args: ['-F', server.configFor(line.port), '-tt', 'testhost', carrier.wrap(program)],
      columns: 100,
    });
    app = running;
    await running.waitFor((screen) => screen[23]?.startsWith('╰─') === true);
    expect(running.screen()[0]).toBe(`╭${'─'.repeat(98)}╮`);
    expect(running.screen()[23]).toBe(`╰${'─'.repeat(98)}╯`);
    // The border stands at its column in every row, emoji, Chinese and all.
    const torn = running.screen().filter((_, y) => y > 0 && y < 23 && running.model.cell(99, y) !== '│');
    expect(torn).toEqual([]);
    // Cyan, and bold.
    expect(running.model.style(0, 0).foreground).toBe(6);
    expect(running.model.style(2, 1).bold).toBe(true);

    running.press('up', 'shift+tab', 'ctrl+p', 'alt+enter', 'f5');
    await running.waitFor('events: up shift+tab ctrl+p alt+enter f5');
    running.click(7, 3);
    await running.waitFor('press@7,3 release@7,3');
    const text = '第一行 first line\nsecond\n'.repeat(100);
    running.paste(text);
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
    await running.waitFor(`pasted ${text.length} ${digest}`);
    running.press('Y');
    await running.waitFor('Copied 13 bytes');
    await running.waitFor(() => running.model.clipboard().length > 0);
    if (carrier.isScreen) {
      running.press('M');
      await running.waitFor('mouse off');
    }
    running.press('esc');
    await running.waitFor(carrier.isScreen ? 'M esc' : 'Y esc');
    const copied = running.model.clipboard();
    expect(new Set(copied)).toEqual(new Set(['复制 copied']));
    expect(copied.length).toBeGreaterThanOrEqual(carrier.copies[0]);
    expect(copied.length).toBeLessThanOrEqual(carrier.copies[1]);

    running.resize(120, 40);
    await running.waitFor(
      (screen) => screen[1]?.includes('size 120x40') === true && screen[39]?.startsWith('╰─') === true,
    );
    expect(running.screen()[0]).toBe(`╭${'─'.repeat(118)}╮`);
    running.press('Q');
    expect((await running.exit).code).toBe(0);
    expect(running.model.isAlternate()).toBe(false);
    expect([1000, 1002, 1006, 2004].filter((mode) => running.model.mode(mode) !== false)).toEqual([]);
  });
});
