import { rmSync } from 'node:fs';
import stringWidth from 'string-width';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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
  app = launch({ script: sample.script, ...options });
  await app.waitFor('ready');
  await app.waitIdle();
  return app;
}

/** Every row: as wide as the terminal, border at both ends, corners in the corners. */
function expectIntactBorders(running: App): void {
  const { columns, height } = running.model;
  const screen = running.screen();
  expect(screen).toHaveLength(height);
  expect(screen[0]).toBe(`╭${'─'.repeat(columns - 2)}╮`);
  expect(screen[height - 1]).toBe(`╰${'─'.repeat(columns - 2)}╯`);
  for (let y = 1; y < height - 1; y++) {
    expect([y, running.model.cell(0, y), running.model.cell(columns - 1, y)]).toEqual([y, '│', '│']);
  }
}

describe('frames of the full height', () => {
  it('fills the screen to the last row and column without scrolling', async () => {
    const running = await start({ columns: 80, rows: 24 });
    expect(running.model.isAlternate()).toBe(true);
    expect(running.screen()[1]).toContain('size 80x24 count 0 mouse on');
    expectIntactBorders(running);
  });

  it.each(['modern', 'old'] as const)(
    'keeps borders at odd widths beside Chinese and emoji (%s widths)',
    async (widths) => {
      const running = await start({ columns: 61, rows: 21, widths });
      expectIntactBorders(running);
      for (const columns of [60, 41, 40, 33, 77]) {
        running.resize(columns, 21);
        await running.waitIdle();
        expectIntactBorders(running);
      }
    },
  );

  it('shows the right picture after a storm of resizes', async () => {
    const running = await start({ columns: 100, rows: 30 });
    for (let step = 0; step < 40; step++) running.resize(50 + ((step * 37) % 71), 12 + ((step * 13) % 29));
    running.resize(73, 19);
    await running.waitIdle();
    expect(running.screen()[1]).toContain('size 73x19');
    expectIntactBorders(running);
  });

  it('draws frames larger than what the terminal takes at once', async () => {
    const running = await start({ columns: 250, rows: 150 });
    expect(running.rawBytes().length).toBeGreaterThan(16_384 * 2);
    for (const count of [1, 2]) {
      running.press('ctrl+l', 'J');
      await running.waitIdle();
      expect(running.screen()[1]).toContain(`count ${count}`);
    }
    expectIntactBorders(running);
  });

  it('puts the hardware cursor where the editor says', async () => {
    const running = await start();
    running.type('ab中');
    await running.waitIdle();
    expect(running.screen()[3]).toContain('> ab中');
    expect(running.model.cursor()).toEqual({ x: 2 + stringWidth('> ab中'), y: 3, visible: true });
  });
});

describe('bytes', () => {
  it('writes only the rows that changed, and never clears in steady state', async () => {
    const running = await start({ columns: 120, rows: 40 });
    const fullFrame = running.rawBytes().length;
    const cleared = running.model.erased().length;
    const steps = 20;
    for (let step = 0; step < steps; step++) {
      running.press('J');
      await running.waitIdle();
    }
    expect(running.screen()[1]).toContain(`count ${steps}`);
    const perChange = (running.rawBytes().length - fullFrame) / steps;
    // Two rows change (counter, events) of forty, and the idle mark comes along.
    expect(perChange).toBeLessThan(fullFrame / 8);
    expect(running.model.erased()).toHaveLength(cleared);
    expect(running.model.erased()).not.toContain(3);
  });

  it('wraps every paint in one synchronised update', async () => {
    const running = await start();
    running.press('J', 'J');
    await running.waitIdle();
    const raw = running.rawBytes().toString('utf8');
    const begins = raw.split('\u001b[?2026h').length - 1;
    const ends = raw.split('\u001b[?2026l').length - 1;
    expect(begins).toBe(ends);
    const outside = raw
      .split('\u001b[?2026h')
      .map((part) => part.split('\u001b[?2026l').at(-1))
      .join('');
    // Cell addresses only inside.
    expect(outside).not.toMatch(/\[\d+;\d+H/);
    expect(raw).toMatch(/\[\d+;\d+H/);
  });

  it('draws everything anew on Ctrl+L', async () => {
    const running = await start();
    const cleared = running.model.erased().length;
    await running.model.write('\u001b[5;5Hgarbage from another program');
    running.press('ctrl+l');
    await running.waitIdle();
    expect(running.model.erased().slice(cleared)).toEqual([2]);
    expect(running.screen().join('\n')).not.toContain('garbage');
    expectIntactBorders(running);
  });
});
