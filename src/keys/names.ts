const NAMES: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  esc: 'Esc',
  tab: 'Tab',
  space: 'Space',
  backspace: 'Backspace',
  delete: 'Del',
  insert: 'Ins',
};
const MODIFIERS: Readonly<Record<string, string>> = { ctrl: 'Ctrl', alt: 'Alt', shift: 'Shift', super: 'Super' };

/** A key's parts: `ctrl+alt+p` → [['ctrl', 'alt'], 'p']. The key itself may be `+`. */
function parts(key: string): { modifiers: string[]; base: string } {
  const pieces = key.split('+');
  if (key === '+' || key.endsWith('++')) return { modifiers: pieces.slice(0, -2), base: '+' };
  return { modifiers: pieces.slice(0, -1), base: pieces.at(-1) ?? '' };
}

/** How a key is written for people: `ctrl+p` → `Ctrl+P`, `pageup` → `PgUp`, `G` → `G`. */
export function keyName(key: string): string {
  const { modifiers, base } = parts(key);
  const shown = NAMES[base] ?? (modifiers.length > 0 || /^f\d+$/.test(base) ? base.toUpperCase() : base);
  return [...modifiers.map((modifier) => MODIFIERS[modifier] ?? modifier), shown].join('+');
}

/** True for what a text field would insert: these never reach an action while text is typed. */
export const isTyped = (key: string): boolean => key === 'space' || [...key].length === 1;

/** Whether a keymap may name this key: modifiers, then a known name, a function key or one printable character. */
export function isKey(key: string): boolean {
  const { modifiers, base } = parts(key);
  const known = base in NAMES || /^f([1-9]|1\d|2[0-4])$/.test(base) || /^[!-~\p{L}\p{N}\p{P}\p{S}]$/u.test(base);
  // The parser reports modifiers in this one order.
  const order = ['ctrl', 'alt', 'shift', 'super'];
  const places = modifiers.map((modifier) => order.indexOf(modifier));
  return known && places.every((place, i) => place >= 0 && (i === 0 || place > (places[i - 1] ?? -1)));
}
