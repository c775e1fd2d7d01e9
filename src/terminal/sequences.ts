import type { TerminalEvent } from '../keys/types.ts';
import { codedKey, KEYPAD_BY_LETTER, KEYS_BY_LETTER, KEYS_BY_NUMBER, namedKey } from './key-names.ts';

/** Event of one whole `ESC [ …` sequence (`body` is what follows `ESC [`), undefined = known and meaningless. */
export function csiEvent(body: string): TerminalEvent | undefined {
  const final = body.slice(-1);
  const parameters = body.slice(0, -1);
  const reply: TerminalEvent = { type: 'reply', sequence: `\u001b[${body}` };

  if (parameters.startsWith('<') && (final === 'M' || final === 'm')) return sgrMouse(parameters.slice(1), final);
  if (/^[?>=<]/.test(parameters)) return reply;
  if (parameters === '' && final === 'I') return { type: 'focus', focused: true };
  if (parameters === '' && final === 'O') return { type: 'focus', focused: false };
  // Linux console: ESC [[ A … E
  if (/^\[[A-E]$/.test(body)) return namedKey(`f${body.charCodeAt(1) - 0x40}`);

  const fields = parameters.split(';').map((field) => field.split(':').map((part) => Number.parseInt(part, 10) || 0));
  const [first = 0, shifted] = fields[0] ?? [];
  const [modifiers = 0, eventType = 1] = fields[1] ?? [];
  // kitty reports releases (3) too when asked: nothing here acts on them.
  const released = eventType === 3;
  const held = Math.max(1, modifiers);

  if (final === 'Z') return namedKey('tab', parameters === '' ? 2 : held);
  if (final === 'u') return released ? undefined : codedKey(first, held, shifted);
  if (final === '~') {
    if (first === 27 && fields.length === 3) return codedKey(fields[2]?.[0] ?? 0, held);
    const name = KEYS_BY_NUMBER[first];
    return name && !released ? namedKey(name, held) : undefined;
  }
  if (/^[$^@]$/.test(final) && KEYS_BY_NUMBER[first]) {
    // rxvt: shift, ctrl, both
    return namedKey(KEYS_BY_NUMBER[first], final === '$' ? 2 : final === '^' ? 5 : 6);
  }
  if (/^[a-d]$/.test(final) && parameters === '') return namedKey(KEYS_BY_LETTER[final.toUpperCase()] ?? '', 2);
  // A cursor position report has the shape of F3 with modifiers; only row 1 is ambiguous, and we never ask for one.
  const name = KEYS_BY_LETTER[final];
  if (name && (parameters === '' || first <= 1)) return released ? undefined : namedKey(name, held);
  return reply;
}

/** Event of `ESC O X` with an optional modifier digit before the letter (old xterm). */
export function ss3Event(body: string): TerminalEvent | undefined {
  const letter = body.slice(-1);
  const modifiers = Number.parseInt(body, 10) || 1;
  const name = KEYS_BY_LETTER[letter] ?? KEYPAD_BY_LETTER[letter];
  if (name) return namedKey(name, modifiers);
  if (/^[a-d]$/.test(letter)) return namedKey(KEYS_BY_LETTER[letter.toUpperCase()] ?? '', 5);
  return undefined;
}

/** X10 report: three bytes, each 32 more than its value (terminals without SGR mouse). */
export function x10Mouse(button: number, x: number, y: number): TerminalEvent | undefined {
  const code = button - 32;
  const isRelease = (code & 3) === 3 && (code & 96) === 0;
  return mouseEvent(isRelease ? code & ~3 : code, x - 33, y - 33, isRelease, isRelease);
}

function sgrMouse(parameters: string, final: string): TerminalEvent | undefined {
  const [code = 0, x = 1, y = 1] = parameters.split(';').map((field) => Number.parseInt(field, 10) || 0);
  return mouseEvent(code, x - 1, y - 1, final === 'm', false);
}

const BUTTONS = ['left', 'middle', 'right', 'none'] as const;
const MOTION = 32;
const WHEEL = 64;

function mouseEvent(
  code: number,
  x: number,
  y: number,
  released: boolean,
  anyButton: boolean,
): TerminalEvent | undefined {
  if (x < 0 || y < 0 || code >= 128) return undefined;
  if (code & WHEEL) {
    const direction = code & 3;
    if (direction > 1) return undefined;
    return { type: 'mouse', kind: direction === 0 ? 'wheel-up' : 'wheel-down', button: 'none', x, y };
  }
  const button = anyButton ? 'none' : (BUTTONS[code & 3] ?? 'none');
  if (released) return { type: 'mouse', kind: 'release', button, x, y };
  if (code & MOTION) return button === 'none' ? undefined : { type: 'mouse', kind: 'drag', button, x, y };
  return { type: 'mouse', kind: 'press', button, x, y };
}
