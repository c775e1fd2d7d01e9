import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TerminalEvent } from '../../../src/keys/types.ts';
import { createInputParser } from '../../../src/terminal/input.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Feeds the chunks without a pause between them, then lets all timeouts pass. */
function parse(...chunks: (string | Uint8Array)[]): TerminalEvent[] {
  const events: TerminalEvent[] = [];
  const parser = createInputParser({ onEvent: (event) => events.push(event) });
  for (const chunk of chunks) parser.feed(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  vi.runAllTimers();
  expect(parser.pending).toBe(false);
  return events;
}

const key = (name: string, text?: string): TerminalEvent =>
  text === undefined ? { type: 'key', name } : { type: 'key', name, text };
const reply = (sequence: string): TerminalEvent => ({ type: 'reply', sequence });

/** What terminals send, by their manuals (xterm ctlseqs, kitty keyboard protocol, rxvt, Linux console_codes). */
const FIXTURES: Record<string, [bytes: string, events: TerminalEvent[]]> = {
  'text and Enter in one chunk': ['abc\r', [key('a', 'a'), key('b', 'b'), key('c', 'c'), key('enter')]],
  'the same letter twice': ['jj', [key('j', 'j'), key('j', 'j')]],
  'capital and punctuation': ['A?:', [key('A', 'A'), key('?', '?'), key(':', ':')]],
  space: [' ', [key('space', ' ')]],
  'backspace (DEL), twice': ['\x7f\x7f', [key('backspace'), key('backspace')]],
  'backspace (BS)': ['\b', [key('backspace')]],
  tab: ['\t', [key('tab')]],
  'newline is ctrl+j': ['\n', [key('ctrl+j')]],
  'control letters': ['\x01\x03\x10\x1a', [key('ctrl+a'), key('ctrl+c'), key('ctrl+p'), key('ctrl+z')]],
  'control signs': [
    '\0\x1c\x1d\x1e\x1f',
    [key('ctrl+space'), key('ctrl+\\'), key('ctrl+]'), key('ctrl+^'), key('ctrl+_')],
  ],
  'lone Esc': ['\x1b', [key('esc')]],
  'Esc Esc': ['\x1b\x1b', [key('esc'), key('esc')]],
  'Esc, then an arrow': ['\x1b\x1b[A', [key('esc'), key('up')]],
  'alt and a letter': ['\x1ba\x1bA', [key('alt+a'), key('alt+A')]],
  'alt+enter, alt+backspace, ctrl+alt+x': [
    '\x1b\r\x1b\x7f\x1b\x18',
    [key('alt+enter'), key('alt+backspace'), key('ctrl+alt+x')],
  ],
  'alt and a character of several bytes': ['\x1bé', [key('alt+é')]],
  arrows: ['\x1b[A\x1b[B\x1b[C\x1b[D', [key('up'), key('down'), key('right'), key('left')]],
  'application arrows (SS3)': ['\x1bOA\x1bOD\x1bOH\x1bOF', [key('up'), key('left'), key('home'), key('end')]],
  'arrows with modifiers': [
    '\x1b[1;2A\x1b[1;3B\x1b[1;5C\x1b[1;6D\x1b[1;8H',
    [key('shift+up'), key('alt+down'), key('ctrl+right'), key('ctrl+shift+left'), key('ctrl+alt+shift+home')],
  ],
  'editing keys': [
    '\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~\x1b[3;5~',
    [key('home'), key('insert'), key('delete'), key('end'), key('pageup'), key('pagedown'), key('ctrl+delete')],
  ],
  'function keys': [
    '\x1bOP\x1bOS\x1b[15~\x1b[17~\x1b[24~\x1b[1;2P\x1b[15;5~',
    [key('f1'), key('f4'), key('f5'), key('f6'), key('f12'), key('shift+f1'), key('ctrl+f5')],
  ],
  'Linux console function keys': ['\x1b[[A\x1b[[E', [key('f1'), key('f5')]],
  'rxvt modifiers': [
    '\x1b[a\x1bOb\x1b[3$\x1b[5^\x1b[6@',
    [key('shift+up'), key('ctrl+down'), key('shift+delete'), key('ctrl+pageup'), key('ctrl+shift+pagedown')],
  ],
  'shift+tab': ['\x1b[Z', [key('shift+tab')]],
  'keypad in application mode': ['\x1bOp\x1bOM\x1bOk', [key('0', '0'), key('enter'), key('+', '+')]],
  modifyOtherKeys: [
    '\x1b[27;5;13~\x1b[27;2;13~\x1b[27;5;105~\x1b[27;6;80~\x1b[27;3;120~',
    [key('ctrl+enter'), key('shift+enter'), key('ctrl+i'), key('ctrl+shift+p'), key('alt+x')],
  ],
  'kitty: modified keys': [
    '\x1b[13;2u\x1b[27u\x1b[9;5u\x1b[105;5u\x1b[127;5u\x1b[32;2u',
    [key('shift+enter'), key('esc'), key('ctrl+tab'), key('ctrl+i'), key('ctrl+backspace'), key('shift+space')],
  ],
  'kitty: shifted, with alternate, with caps lock': [
    '\x1b[97;2u\x1b[47:63;2u\x1b[112;6u\x1b[97;65u',
    [key('A', 'A'), key('?', '?'), key('ctrl+shift+p'), key('a', 'a')],
  ],
  'kitty: releases and modifier keys alone mean nothing': ['\x1b[97;1:3u\x1b[57441;2u\x1b[1;1:3A', []],
  'kitty: repeat is a press; keypad': [
    '\x1b[97;1:2u\x1b[57400u\x1b[57414u',
    [key('a', 'a'), key('1', '1'), key('enter')],
  ],
  Chinese: ['你好', [key('你', '你'), key('好', '好')]],
  'full-width forms are their ASCII twins as commands': [
    '？：／　Ａ',
    [key('?', '？'), key(':', '：'), key('/', '／'), key('space', '　'), key('A', 'Ａ')],
  ],
  'Chinese punctuation stays': ['。、', [key('。', '。'), key('、', '、')]],
  'emoji of many code points': ['👩‍👩‍👧🇨🇳👍🏽', [key('👩‍👩‍👧', '👩‍👩‍👧'), key('🇨🇳', '🇨🇳'), key('👍🏽', '👍🏽')]],
  'emoji, then a key': ['❤️x', [key('❤️', '❤️'), key('x', 'x')]],
  'bracketed paste': ['\x1b[200~a\r\nb\rc\nd\x1b[201~x', [{ type: 'paste', text: 'a\nb\nc\nd' }, key('x', 'x')]],
  'paste with escape sequences inside': [
    '\x1b[200~\x1b[31m红\x1b[0m \x1b[20\x1b[201~',
    [{ type: 'paste', text: '\x1b[31m红\x1b[0m \x1b[20' }],
  ],
  'empty paste': ['\x1b[200~\x1b[201~', [{ type: 'paste', text: '' }]],
  'two pastes': [
    '\x1b[200~1\x1b[201~\x1b[200~2\x1b[201~',
    [
      { type: 'paste', text: '1' },
      { type: 'paste', text: '2' },
    ],
  ],
  'mouse press and release (SGR)': [
    '\x1b[<0;10;5M\x1b[<0;10;5m',
    [
      { type: 'mouse', kind: 'press', button: 'left', x: 9, y: 4 },
      { type: 'mouse', kind: 'release', button: 'left', x: 9, y: 4 },
    ],
  ],
  'mouse beyond column 223, right button, drag': [
    '\x1b[<2;300;80M\x1b[<34;301;80M',
    [
      { type: 'mouse', kind: 'press', button: 'right', x: 299, y: 79 },
      { type: 'mouse', kind: 'drag', button: 'right', x: 300, y: 79 },
    ],
  ],
  'mouse wheel': [
    '\x1b[<64;1;1M\x1b[<65;2;3M',
    [
      { type: 'mouse', kind: 'wheel-up', button: 'none', x: 0, y: 0 },
      { type: 'mouse', kind: 'wheel-down', button: 'none', x: 1, y: 2 },
    ],
  ],
  'mouse moving with no button': ['\x1b[<35;5;5M', []],
  'old mouse report (X10)': [
    '\x1b[M !"\x1b[M#!"',
    [
      { type: 'mouse', kind: 'press', button: 'left', x: 0, y: 1 },
      { type: 'mouse', kind: 'release', button: 'none', x: 0, y: 1 },
    ],
  ],
  focus: [
    '\x1b[I\x1b[O',
    [
      { type: 'focus', focused: true },
      { type: 'focus', focused: false },
    ],
  ],
  'device attributes, modes, kitty flags': [
    '\x1b[?62;22c\x1b[>41;354;0c\x1b[?2026;2$y\x1b[?1u',
    [reply('\x1b[?62;22c'), reply('\x1b[>41;354;0c'), reply('\x1b[?2026;2$y'), reply('\x1b[?1u')],
  ],
  'colour reply, ended by ST and by BEL': [
    '\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b]10;rgb:ff/ff/ff\x07q',
    [reply('\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\'), reply('\x1b]10;rgb:ff/ff/ff\x07'), key('q', 'q')],
  ],
  'DCS reply': ['\x1bP>|tmux 3.4\x1b\\', [reply('\x1bP>|tmux 3.4\x1b\\')]],
  'cursor position report': ['\x1b[12;40R', [reply('\x1b[12;40R')]],
  'a reply cut off by a key': ['\x1b]11;rgb\x1b[A', [key('up')]],
  'unknown sequence types nothing': ['\x1b[99~x', [key('x', 'x')]],
  'CAN ends a sequence': ['\x1b[1;\x18x', [key('x', 'x')]],
};

describe('what terminals send', () => {
  it.each(Object.entries(FIXTURES))('%s', (_, [bytes, events]) => {
    expect(parse(bytes)).toEqual(events);
  });

  it('is read the same wherever it is cut in two, and byte by byte', () => {
    for (const [name, [text, events]] of Object.entries(FIXTURES)) {
      const bytes = Buffer.from(text);
      for (let at = 1; at < bytes.length; at++) {
        expect([name, at, parse(bytes.subarray(0, at), bytes.subarray(at))]).toEqual([name, at, events]);
      }
      expect([name, parse(...[...bytes].map((byte) => Uint8Array.of(byte)))]).toEqual([name, events]);
    }
  });

  it('is read the same when many are strung together and cut at random', () => {
    // A lone ESC decides by time, not by bytes: those fixtures only stand alone.
    const joinable = Object.values(FIXTURES).filter(([bytes]) => !bytes.endsWith('\x1b'));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...joinable), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(2000), { maxLength: 20 }),
        (picked, cuts) => {
          // Emoji at a seam may join into one grapheme: keep them apart by a key.
          const bytes = Buffer.from(picked.map(([part]) => `${part}x`).join(''));
          const expected = picked.flatMap(([, events]) => [...events, key('x', 'x')]);
          const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
            (a, b) => a - b,
          );
          const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end));
          expect(parse(...chunks)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('loses and invents no text, whatever is typed and wherever it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (raw, cut) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: only printable text is typed
        const typed = raw.replace(/[\u0000-\u001f\u007f-\u009f\ufffd]/g, '');
        const bytes = Buffer.from(typed);
        const at = cut % (bytes.length + 1);
        const events = parse(bytes.subarray(0, at), bytes.subarray(at));
        expect(events.map((event) => (event.type === 'key' ? event.text : '?')).join('')).toBe(typed);
      }),
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (chunks) => {
        for (const event of parse(...chunks)) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: none may get through as text
          if (event.type === 'key') expect(event.text ?? '').not.toMatch(/[\u0000-\u001f\u007f-\u009f\ufffd]/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('time', () => {
  function typing() {
    const events: TerminalEvent[] = [];
    const parser = createInputParser({ onEvent: (event) => events.push(event), escapeTimeoutMs: 50 });
    return { events, feed: (text: string) => parser.feed(Buffer.from(text)) };
  }

  it('takes ESC for the Esc key only after the timeout', () => {
    const { events, feed } = typing();
    feed('\x1b');
    vi.advanceTimersByTime(49);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(events).toEqual([key('esc')]);
    feed('[A');
    expect(events.slice(1)).toEqual([key('[', '['), key('A', 'A')]);
  });

  it('takes ESC [ alone for alt+[', () => {
    const { events, feed } = typing();
    feed('\x1b[');
    vi.advanceTimersByTime(50);
    expect(events).toEqual([key('alt+[')]);
  });

  it('gives up a sequence that never ends, without typing its bytes', () => {
    const { events, feed } = typing();
    feed('\x1b]11;rgb:');
    vi.advanceTimersByTime(2000);
    feed('x');
    expect(events).toEqual([key('x', 'x')]);
  });

  it('never holds back plain text', () => {
    const { events, feed } = typing();
    feed('a');
    feed('中');
    expect(events).toEqual([key('a', 'a'), key('中', '中')]);
  });

  it('gives a paste without end after a long silence, so that keys work again', () => {
    const { events, feed } = typing();
    feed('\x1b[200~half a paste');
    vi.advanceTimersByTime(5000);
    feed(' and more');
    vi.advanceTimersByTime(9000);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(2000);
    feed('x');
    expect(events).toEqual([{ type: 'paste', text: 'half a paste and more' }, key('x', 'x')]);
  });
});

describe('large pastes', () => {
  it('is one event for 1 MB in chunks of 1000 bytes that cut characters', () => {
    const text = '中文 and English\n'.repeat(50_000);
    const bytes = Buffer.from(`\x1b[200~${text.replaceAll('\n', '\r')}\x1b[201~`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, at) =>
      bytes.subarray(at * 1000, at * 1000 + 1000),
    );
    const events = parse(...chunks);
    expect(events).toHaveLength(1);
    expect(events[0]).toEqual({ type: 'paste', text });
  });
});
