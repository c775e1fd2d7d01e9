/** Modifier bits of xterm's and kitty's key reports (the number sent is this plus one). */
const SHIFT = 1;
const ALT = 2;
const CTRL = 4;
const SUPER = 8;

export interface KeyPress {
  readonly type: 'key';
  readonly name: string;
  readonly text?: string;
}

/** Final byte of `ESC [ … X` and `ESC O X` (xterm). */
export const KEYS_BY_LETTER: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
};

/** `ESC [ N ~` (VT220, xterm, rxvt, Linux console). */
export const KEYS_BY_NUMBER: Readonly<Record<number, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

/** Numeric keypad in application mode: `ESC O X`. */
export const KEYPAD_BY_LETTER: Readonly<Record<string, string>> = {
  M: 'enter',
  j: '*',
  k: '+',
  l: ',',
  m: '-',
  n: '.',
  o: '/',
  p: '0',
  q: '1',
  r: '2',
  s: '3',
  t: '4',
  u: '5',
  v: '6',
  w: '7',
  x: '8',
  y: '9',
  X: '=',
  I: 'tab',
  ' ': 'space',
};

/** Keys without a character of their own in kitty's protocol (its private-use numbers) and the ASCII controls. */
const KEYS_BY_CODE: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'esc',
  32: 'space',
  127: 'backspace',
  57409: '.',
  57410: '/',
  57411: '*',
  57412: '-',
  57413: '+',
  57414: 'enter',
  57415: '=',
  57416: ',',
  57417: 'left',
  57418: 'right',
  57419: 'up',
  57420: 'down',
  57421: 'pageup',
  57422: 'pagedown',
  57423: 'home',
  57424: 'end',
  57425: 'insert',
  57426: 'delete',
};
const KEYPAD_ZERO = 57399;
const PRIVATE_USE = { first: 57344, last: 63743 };

/** A named key (`up`, `f5`, `enter`) with the modifier number of the report (1 = none). */
export function namedKey(name: string, modifiers = 1): KeyPress {
  if (name.length === 1) return characterKey(name, modifiers);
  const full = prefix(modifiers, true) + name;
  return full === 'space' ? { type: 'key', name: 'space', text: ' ' } : { type: 'key', name: full };
}

/** A printable grapheme with the modifier number of the report (1 = none); shift is in the character itself. */
export function characterKey(text: string, modifiers = 1): KeyPress {
  const name = commandName(text);
  if (name === 'space') {
    const full = prefix(modifiers, true) + name;
    return full === 'space' ? { type: 'key', name, text } : { type: 'key', name: full };
  }
  const held = prefix(modifiers, false);
  return held === '' ? { type: 'key', name, text } : { type: 'key', name: held + name };
}

/**
 * Key reported by its code (modifyOtherKeys, kitty): `code` is the unshifted character. `shifted` is what the keyboard
 * layout makes of it with shift, when the terminal tells. Undefined for keys that mean nothing here (media keys,
 * modifiers alone).
 */
export function codedKey(code: number, modifiers: number, shifted?: number): KeyPress | undefined {
  const named = KEYS_BY_CODE[code];
  if (named) return namedKey(named, modifiers);
  if (code >= KEYPAD_ZERO && code <= KEYPAD_ZERO + 9) return characterKey(String(code - KEYPAD_ZERO), modifiers);
  if (code < 32 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  if (code >= PRIVATE_USE.first && code <= PRIVATE_USE.last) return undefined;

  const bits = modifiers - 1;
  const plain = String.fromCodePoint(code);
  if ((bits & SHIFT) === 0) return characterKey(plain, modifiers);
  const upper = shifted ? String.fromCodePoint(shifted) : plain.toUpperCase();
  // ctrl+shift+p is a key of its own; shift alone (or with alt) is in the character.
  if (bits & (CTRL | SUPER)) return { type: 'key', name: prefix(modifiers, true) + plain.toLowerCase() };
  return characterKey(upper, modifiers);
}

/** Key of one C0 control byte (or DEL), with `alt` when ESC came before it. */
export function controlKey(byte: number, alt: boolean): KeyPress {
  const modifiers = alt ? 1 + ALT : 1;
  switch (byte) {
    case 0x00:
      return namedKey('space', modifiers + CTRL);
    case 0x09:
      return namedKey('tab', modifiers);
    case 0x0d:
      return namedKey('enter', modifiers);
    case 0x08:
    case 0x7f:
      return namedKey('backspace', modifiers);
    default:
      return characterKey(String.fromCharCode(byte + (byte <= 0x1a ? 0x60 : 0x40)), modifiers + CTRL);
  }
}

function prefix(modifiers: number, withShift: boolean): string {
  const bits = modifiers - 1;
  return (
    (bits & CTRL ? 'ctrl+' : '') +
    (bits & ALT ? 'alt+' : '') +
    (withShift && bits & SHIFT ? 'shift+' : '') +
    (bits & SUPER ? 'super+' : '')
  );
}

/** Chinese and Japanese input methods send full-width forms (？ ： ／): commands match their ASCII twin. */
function commandName(text: string): string {
  const code = text.codePointAt(0) ?? 0;
  const isFullWidth = (code >= 0xff01 && code <= 0xff5e) || code === 0x3000;
  const name = isFullWidth ? text.normalize('NFKC') : text;
  return name === ' ' ? 'space' : name;
}
