const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A bar of exactly `columns` cells, filled to `share` (0…1) in steps of an eighth of a cell. */
export function bar(share: number, columns: number): { filled: string; rest: string } {
  const safe = Number.isFinite(share) ? Math.max(0, Math.min(1, share)) : 0;
  const eighths = Math.round(safe * columns * 8);
  const filled = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return { filled, rest: ' '.repeat(Math.max(0, columns - filled.length)) };
}

/** The last `columns` values as blocks of eight heights, right-aligned; missing values are spaces. */
export function sparkline(values: readonly number[], columns: number, max?: number): string {
  const shown = values.slice(-columns);
  const finite = shown.filter(Number.isFinite);
  const top = max ?? Math.max(0, ...finite);
  const blocks = shown.map((value) => {
    if (!Number.isFinite(value)) return ' ';
    const level = top <= 0 ? 0 : Math.round((Math.max(0, Math.min(value, top)) / top) * 7);
    return LEVELS[level] ?? ' ';
  });
  return ' '.repeat(Math.max(0, columns - blocks.length)) + blocks.join('');
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export function rangeOf(values: readonly number[]): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}
