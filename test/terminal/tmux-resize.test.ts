// tmux 3.3a keeps rows of an alternate screen that was made wider and shows them above the shell's prompt once the
// program has left it (any program's, `less` too): so ours must be empty by then.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type App, launch } from '../support/pty.ts';
import { onPath } from '../support/sshd.ts';
import { bundleSampleApp } from './sample.ts';

const hasTmux = onPath('tmux');
const test = hasTmux ? it : it.skip;

let sample: { script: string; folder: string };
let folder: string;
let app: App | undefined;

beforeAll(async () => {
  if (!hasTmux) return;
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-tmux-'));
  writeFileSync(path.join(folder, 'tmux.conf'), 'set -g status off\nset -g default-shell /bin/bash\n');
  sample = await bundleSampleApp();
});
afterEach(async () => {
  if (!hasTmux) return;
  execFileSync('tmux', ['-S', path.join(folder, 'socket'), 'kill-server'], { stdio: 'ignore' });
  await app?.dispose();
  app = undefined;
});
afterAll(() => {
  if (!hasTmux) return;
  rmSync(folder, { recursive: true, force: true });
  rmSync(sample.folder, { recursive: true, force: true });
});

test.each([
  { sizes: [[120, 40]] },
  { sizes: [[120, 24]] },
  { sizes: [[60, 18]] },
  {
    sizes: [
      [60, 18],
      [120, 40],
    ],
  },
  {
    sizes: [
      [120, 40],
      [90, 30],
    ],
  },
] as const)(
  `leaves none of its rows in tmux after sizes $sizes${hasTmux ? '' : ' (not run: no tmux here)'}`,
  async ({ sizes }) => {
    const running = launch({
      command: 'tmux',
      args: [
        ...['-u', '-S', path.join(folder, 'socket'), '-f', path.join(folder, 'tmux.conf'), 'new-session'],
        `env PS1='shell> ' HISTFILE= NODE='${process.execPath}' SAMPLE='${sample.script}' bash --norc --noprofile -i`,
      ],
    });
    app = running;
    await running.waitFor('shell>');
    running.type('"$NODE" "$SAMPLE"\r');
    await running.waitFor(
      (screen) => screen[1]?.includes('size 80x24') === true && screen[23]?.startsWith('╰') === true,
    );
    for (const [columns, rows] of sizes) {
      running.resize(columns, rows);
      await running.waitFor(
        (screen) =>
          screen[1]?.includes(`size ${columns}x${rows}`) === true && screen[rows - 1]?.startsWith('╰') === true,
      );
    }
    running.press('Q');
    await running.waitFor((screen) => screen.filter((row) => row.startsWith('shell>')).length === 2);
    const left = running.screen().map((row) => row.trimEnd());
    expect(left.filter((row) => row !== '')).toEqual(['shell> "$NODE" "$SAMPLE"', 'sample: bye', 'shell>']);
  },
);
