import { Box, Text } from 'ink';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { expect, it } from 'vitest';
import { mountApp } from '../../../src/app/mount.tsx';
import { createBusy } from '../../../src/platform/busy.ts';
import type { Terminal } from '../../../src/terminal/terminal.ts';
import { createMemoryTerminal } from '../../support/screen-model-terminal.ts';

function Probe({ terminal }: { terminal: Terminal }) {
  const { columns, rows } = useSyncExternalStore(terminal.onResize, terminal.size);
  const [typed, setTyped] = useState('');
  useEffect(
    () =>
      terminal.onEvent(
        (event) => event.type === 'key' && setTyped((before) => `${before}${event.text ?? `<${event.name}>`}`),
      ),
    [terminal],
  );
  return (
    <Box width={columns} height={rows} borderStyle="single">
      <Text>{`${columns}x${rows} ${typed}`}</Text>
    </Box>
  );
}

it('draws in the size of the terminal, after keys and after each resize, one paint each', async () => {
  const terminal = createMemoryTerminal({ columns: 24, rows: 5 });
  const app = mountApp(<Probe terminal={terminal} />, terminal);
  await terminal.waitIdle();
  expect(terminal.screen()[1]).toBe('│24x5                  │');
  terminal.type('中');
  terminal.press('enter', 'esc');
  await terminal.waitIdle();
  expect(terminal.screen()[1]).toBe('│24x5 中<enter><esc>   │');

  const before = terminal.inkStdout.counters;
  terminal.resize(31, 4);
  await terminal.waitIdle();
  expect(terminal.screen()).toEqual([
    '┌─────────────────────────────┐',
    '│31x4 中<enter><esc>          │',
    '│                             │',
    '└─────────────────────────────┘',
  ]);
  const after = terminal.inkStdout.counters;
  expect([after.paints - before.paints, after.fullClears - before.fullClears]).toEqual([1, 1]);
  app.unmount();
});

it('shows another element in its place, and draws nothing after unmount', async () => {
  const terminal = createMemoryTerminal({ columns: 20, rows: 2 });
  const app = mountApp(<Text>one</Text>, terminal);
  app.rerender(<Text>two</Text>);
  await app.waitUntilIdle();
  await terminal.waitFor('two');
  app.unmount();
  const { frames } = terminal.inkStdout.counters;
  terminal.resize(10, 2);
  await terminal.waitIdle();
  expect(terminal.inkStdout.counters.frames).toBe(frames);
});

it('hands on what a render threw', async () => {
  const terminal = createMemoryTerminal({ columns: 20, rows: 2 });
  const thrown = new Promise((resolve) => {
    mountApp(<Broken />, terminal, { onFatal: resolve });
  });
  expect(await thrown).toEqual(new Error('broken while rendering'));
});

function Broken(): never {
  throw new Error('broken while rendering');
}

it('counts what is under way, and says when the last of it ends', async () => {
  const busy = createBusy();
  let idle = 0;
  const stop = busy.onIdle(() => idle++);
  const first = busy.begin('first');
  const second = busy.during(Promise.reject(new Error('no matter')), 'second');
  expect([busy.count, busy.labels]).toEqual([2, ['first', 'second']]);
  await expect(second).rejects.toThrow('no matter');
  expect([busy.count, idle]).toEqual([1, 0]);
  first();
  first();
  expect([busy.count, idle]).toEqual([0, 1]);
  stop();
  busy.begin()();
  expect(idle).toBe(1);
});
