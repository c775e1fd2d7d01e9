import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type App, type LaunchOptions, launch } from '../support/pty.ts';
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

async function start(options: LaunchOptions = {}): Promise<App> {
  app = launch({ script: sample.script, columns: 100, ...options });
  await app.waitFor('ready');
  await app.waitIdle();
  return app;
}

it('reads four keys from one chunk', async () => {
  const running = await start();
  running.type('abc\r');
  await running.waitIdle();
  expect(running.screen()[2]).toContain('events: a b c enter');
});

it('knows keys by the names of the action tables', async () => {
  const running = await start();
  running.press('up', 'shift+tab', 'ctrl+p', 'alt+enter', 'f5');
  await running.waitIdle();
  expect(running.screen()[2]).toContain('events: up shift+tab ctrl+p alt+enter f5');
  running.press('esc');
  await running.waitFor('alt+enter f5 esc');
});

it('is idle again after bytes that mean nothing', async () => {
  const running = await start();
  running.type('\u001b[99~\u001b]11;never ended');
  await running.waitIdle();
  running.press('x');
  await running.waitFor('> x');
});

it('takes a paste of more than 10 KB as one event, newlines whole', async () => {
  const running = await start();
  const text = '第一行 first line\nsecond, with a tab\t。\n'.repeat(300);
  expect(Buffer.byteLength(text)).toBeGreaterThan(10_240);
  running.paste(text);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  await running.waitFor(`pasted ${text.length} ${digest}`);
  expect(running.screen()[2]).toMatch(/events: paste *│$/);
});

it('clicks, and stops asking for the mouse when it is switched off', async () => {
  const running = await start();
  expect(running.model.mode(1006)).toBe(true);
  running.click(7, 3);
  await running.waitFor('press@7,3 release@7,3');
  running.press('M');
  await running.waitFor('mouse off');
  expect([1000, 1002, 1006].map((mode) => running.model.mode(mode))).toEqual([false, false, false]);
});

it('shows what a library prints in its own place, not on the frame', async () => {
  const running = await start();
  running.press('C');
  await running.waitIdle();
  expect(running.screen()[4]).toContain('stray: hello from a library');
  expect(running.screen()[0]).toBe(`╭${'─'.repeat(98)}╮`);
  expect(running.screen().join('\n').split('hello from a library')).toHaveLength(2);
});

it('copies to the clipboard of the terminal', async () => {
  const running = await start();
  running.press('Y');
  await running.waitFor('Copied 13 bytes');
  expect(running.model.clipboard()).toEqual(['复制 copied']);
});

it('is not idle while work is counted', async () => {
  const running = await start();
  running.press('B');
  await running.waitIdle();
  expect(running.screen()[4]).toContain('work done');
});

it('refuses to start without a terminal, naming the commands that need none', async () => {
  app = launch({
    command: 'sh',
    args: ['-c', '"$0" "$1" </dev/null | cat; echo ended', process.execPath, sample.script],
    columns: 200,
  });
  await app.waitFor('ended');
  expect(app.screen().join('\n')).toContain('The full screen needs a terminal');
  expect(app.rawBytes().toString()).not.toContain('\u001b[?1049h');
});
