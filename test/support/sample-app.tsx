// A throwaway Ink app over the real terminal layer: what the terminal tests drive. Capital letters are commands.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Box, Text } from 'ink';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { mountApp } from '../../src/app/mount.tsx';
import type { TerminalEvent } from '../../src/keys/types.ts';
import { busy } from '../../src/platform/busy.ts';
import { openTerminal, type Terminal } from '../../src/terminal/terminal.ts';
import { cutToWidth, textWidth } from '../../src/terminal/width.ts';

const FILLER = [
  '知识库：中文文本在奇数宽度下也要完整显示，边框不能被吃掉',
  'emoji 👩‍👩‍👧 family, 🇨🇳 flag, 👍🏽 skin, ❤️ heart, 1️⃣ keycap, ⚠️ warning',
  'e\u0301 combining, हिन्दी, ไทย, 한국어, ｆｕｌｌ ｗｉｄｔｈ',
];

const terminal = openTerminal({ mouse: true });
const mounted = mountApp(<Sample terminal={terminal} />, terminal);

function quit(): void {
  mounted.unmount();
  terminal.close('sample: bye');
}

function Sample({ terminal: screen }: { terminal: Terminal }) {
  const { columns, rows } = useSyncExternalStore(screen.onResize, screen.size);
  const [count, setCount] = useState(0);
  const [input, setInput] = useState('');
  const [events, setEvents] = useState<string[]>([]);
  const [note, setNote] = useState(`ready pid ${process.pid}`);
  const [renderError, setRenderError] = useState(false);
  if (renderError) throw new Error('sample: thrown while rendering');

  useEffect(() => {
    const stop = screen.onEvent((event) => {
      setEvents((list) => [...list, describe(event)].slice(-6));
      if (event.type === 'paste') {
        const digest = createHash('sha256').update(event.text).digest('hex').slice(0, 12);
        setNote(`pasted ${event.text.length} ${digest}`);
      }
      if (event.type === 'key') command(event.name, event.text);
    });
    const stopStray = screen.onStrayOutput((text) => setNote(`stray: ${text.trim()}`));
    return () => {
      stop();
      stopStray();
    };

    function command(name: string, text: string | undefined): void {
      if (name === 'Q') quit();
      else if (name === 'X') throw new Error('sample: thrown in a key handler');
      else if (name === 'R') void Promise.reject(new Error('sample: rejected'));
      else if (name === 'T') setRenderError(true);
      else if (name === 'E') process.exit(3);
      else if (name === 'J') setCount((before) => before + 1);
      else if (name === 'M') screen.setMouse(!screen.mouse);
      else if (name === 'C') console.log('hello from a library');
      else if (name === 'Y') setNote(screen.copy('复制 copied').message);
      else if (name === 'B') work();
      else if (name === 'O') void lend();
      else if (name === 'ctrl+l') screen.redraw();
      else if (name === 'ctrl+z') screen.suspend();
      else if (text) setInput((before) => before + text);
    }
    function work(): void {
      setNote('working');
      const end = busy.begin('sample work');
      setTimeout(() => {
        setNote('work done');
        end();
      }, 300);
    }
    async function lend(): Promise<void> {
      await screen.suspendFor(() => {
        spawnSync('sh', ['-c', 'printf "EDITOR HERE\\n"; read -r line; printf "got %s\\n" "$line"'], {
          stdio: 'inherit',
        });
      });
      setNote('editor closed');
    }
  }, [screen]);

  const inner = Math.max(1, columns - 4);
  const prompt = `> ${input}`;
  useEffect(() => screen.setCursor({ x: 2 + textWidth(prompt), y: 3 }), [screen, prompt]);
  const fixed = [
    `size ${columns}x${rows} count ${count} mouse ${screen.mouse ? 'on' : 'off'}`,
    `events: ${events.join(' ')}`,
    prompt,
    note,
  ];
  const room = Math.max(0, rows - 2 - fixed.length);
  const filler = Array.from({ length: room }, (_, at) => `${at}: ${FILLER[at % FILLER.length]}`);

  return (
    <Box width={columns} height={rows} borderStyle="round" borderColor="cyan" paddingX={1} flexDirection="column">
      {[...fixed, ...filler].map((row, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of a screen are their index
        <Text key={at} wrap="truncate" bold={at === 0}>
          {cutToWidth(row, inner) || ' '}
        </Text>
      ))}
    </Box>
  );
}

function describe(event: TerminalEvent): string {
  switch (event.type) {
    case 'key':
      return event.name;
    case 'mouse':
      return `${event.kind}@${event.x},${event.y}`;
    case 'focus':
      return event.focused ? 'focus-in' : 'focus-out';
    default:
      return event.type;
  }
}
