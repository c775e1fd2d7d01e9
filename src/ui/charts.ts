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

// Dots of a braille cell, by column (2) and row (4): Unicode 2800–28FF.
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * A line chart in braille, `columns × rows` cells (2 × 4 dots each). The last value is at the right edge when there
 * are more values than dots; otherwise the values are spread over the width. NaN makes a gap. Rows top first, each
 * exactly `columns` long.
 */
export function brailleChart(values: readonly number[], columns: number, rows: number, range?: Range): string[] {
  const dotsX = columns * 2;
  const dotsY = rows * 4;
  const shown = values.slice(-dotsX);
  const { low, high } = range ?? rangeOf(shown);
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  const set = (x: number, y: number): void => {
    const row = cells[Math.floor(y / 4)];
    const dot = DOTS[x % 2 === 0 ? 0 : 1][y % 4];
    const column = Math.floor(x / 2);
    if (row && dot && column >= 0 && column < columns) row[column] = (row[column] ?? 0) | dot;
  };
  const place = (value: number): number => {
    // Halved first: the difference of two huge numbers would be infinite.
    const share = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5;
    if (!Number.isFinite(share)) return Math.round((dotsY - 1) / 2);
    return Math.round((1 - Math.max(0, Math.min(1, share))) * (dotsY - 1));
  };
  const step = shown.length > 1 ? (dotsX - 1) / (shown.length - 1) : 0;
  let last: { x: number; y: number } | undefined;
  for (const [i, value] of shown.entries()) {
    if (!Number.isFinite(value)) {
      last = undefined;
      continue;
    }
    const point = { x: Math.round(i * step), y: place(value) };
    for (const { x, y } of line(last ?? point, point)) set(x, y);
    last = point;
  }
  return cells.map((row) => Array.from(row, (dots) => String.fromCodePoint(0x2800 + dots)).join(''));
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

/** Whole points of a straight line (Bresenham). */
function* line(from: { x: number; y: number }, to: { x: number; y: number }): Generator<{ x: number; y: number }> {
  const dx = Math.abs(to.x - from.x);
  const dy = -Math.abs(to.y - from.y);
  const sx = from.x < to.x ? 1 : -1;
  const sy = from.y < to.y ? 1 : -1;
  let { x, y } = from;
  let error = dx + dy;
  for (;;) {
    yield { x, y };
    if (x === to.x && y === to.y) return;
    const twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x += sx;
    }
    if (twice <= dx) {
      error += dx;
      y += sy;
    }
  }
}
