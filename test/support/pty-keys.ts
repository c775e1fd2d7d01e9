const PLAIN_KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  esc: '\u001b',
  tab: '\t',
  'shift+tab': '\u001b[Z',
  space: ' ',
  backspace: '\u007f',
  'alt+enter': '\u001b\r',
};
const CURSOR_KEYS: Readonly<Record<string, string>> = {
  up: 'A',
  down: 'B',
  right: 'C',
  left: 'D',
  end: 'F',
  home: 'H',
};
const NUMBERED_KEYS: Readonly<Record<string, number>> = {
  insert: 2,
  delete: 3,
  pageup: 5,
  pagedown: 6,
  f5: 15,
  f6: 17,
  f7: 18,
  f8: 19,
  f9: 20,
  f10: 21,
  f11: 23,
  f12: 24,
};
const FUNCTION_KEYS: Readonly<Record<string, string>> = { f1: 'P', f2: 'Q', f3: 'R', f4: 'S' };

/** What xterm sends for a key. */
export function keyBytes(name: string): string {
  const plain = PLAIN_KEYS[name];
  if (plain) return plain;
  const parts = name.split('+').filter((part) => part !== '');
  const base = name.endsWith('+') ? '+' : (parts.at(-1) ?? '');
  const held = new Set(name.endsWith('+') ? parts : parts.slice(0, -1));
  const modifiers = 1 + (held.has('shift') ? 1 : 0) + (held.has('alt') ? 2 : 0) + (held.has('ctrl') ? 4 : 0);

  const letter = CURSOR_KEYS[base] ?? FUNCTION_KEYS[base];
  if (letter && modifiers > 1) return `\u001b[1;${modifiers}${letter}`;
  if (letter) return FUNCTION_KEYS[base] ? `\u001bO${letter}` : `\u001b[${letter}`;
  const number = NUMBERED_KEYS[base];
  if (number) return modifiers > 1 ? `\u001b[${number};${modifiers}~` : `\u001b[${number}~`;

  const alt = held.has('alt') ? '\u001b' : '';
  if (held.has('ctrl')) {
    const code = base === 'space' ? 0 : base.toUpperCase().charCodeAt(0) & 0x1f;
    return alt + String.fromCharCode(code);
  }
  if (PLAIN_KEYS[base]) return alt + PLAIN_KEYS[base];
  if ([...base].length !== 1) throw new Error(`No such key: ${name}`);
  return alt + base;
}
