/** What Python's `str.split()`, `str.strip()` and `\s` take for white space; for a character class. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]+`, 'u');
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'gu');

/** `text.strip()` of Python. */
export const strip = (text: string): string => text.replace(EDGES, '');

/** `text.split()` of Python. */
export const splitWords = (text: string): string[] => text.split(SPACES).filter((word) => word !== '');

/** `round(value, digits)` of Python: nearest decimal of the exact binary value, exact ties to the even digit. */
export function roundHalfEven(value: number, digits: number): number {
  const scaled = value * 2 ** (digits + 1);
  // Only multiples of 2^-(digits+1) can lie exactly between two decimals; every other value toFixed rounds rightly.
  const isTie = Number.isInteger(scaled) && scaled % 2 !== 0 && (scaled * 5 ** digits) % 2 !== 0;
  if (!isTie) return Number(value.toFixed(digits));
  const floor = Math.floor(value * 10 ** digits);
  return (floor % 2 === 0 ? floor : floor + 1) / 10 ** digits;
}
