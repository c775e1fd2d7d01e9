/** What a score is counted in when its metric does not say: shares, shown as points of 100. */
export const POINTS = 'points';
/** Units of which tenths still say something. */
const TENTHS: ReadonlySet<string> = new Set(['ms', 'tokens/s', 'tokens']);
const DIGITS = 3;

/** A score as it is shown, without its unit: `0.397` → `39.7`, 1234.5 ms → `1235`, a price of 0.00031 → `0.000310`. Pure. */
export function formatScore(value: number | null | undefined, unit: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  if (unit === POINTS) return (100 * value).toFixed(1);
  if (TENTHS.has(unit)) return value.toFixed(Math.abs(value) >= 1000 ? 0 : 1);
  if (value === 0) return '0';
  const digits = DIGITS - 1 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(12, digits)));
}

/** The same with its sign, as differences are shown. Pure. */
export function signedScore(value: number, unit: string): string {
  const text = formatScore(value, unit);
  return (value > 0 ? `+${text}` : text).replace('-', '−');
}
