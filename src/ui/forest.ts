import type { Range } from './charts.ts';

/** The axis of a forest plot: all intervals and 0, with no room lost. Pure. */
export function forestAxis(rows: readonly (Range & { readonly difference: number })[]): Range {
  const ends = rows.flatMap(({ low, high, difference }) => [low, high, difference]).filter(Number.isFinite);
  const low = Math.min(0, ...ends);
  const high = Math.max(0, ...ends);
  return low === high ? { low: -0.01, high: 0.01 } : { low, high };
}

/**
 * A difference with its interval in exactly `columns` cells: `     │ ├──●───┤ `, the line of no difference where 0 lies.
 * Cells are rounded to the nearest; what lies outside of the axis is drawn at its end. Pure.
 */
export function forestRow(
  { difference, low, high }: Range & { readonly difference: number },
  axis: Range,
  columns: number,
): string {
  const last = columns - 1;
  const cell = (value: number): number =>
    Math.max(0, Math.min(last, Math.round(((value - axis.low) / (axis.high - axis.low)) * last)));
  const cells = Array.from({ length: columns }, () => ' ');
  const zero = cell(0);
  cells[zero] = '│';
  if (Number.isFinite(low) && Number.isFinite(high)) {
    const [from, to] = [cell(low), cell(high)];
    for (let at = from; at <= to; at++) cells[at] = at === zero ? '┼' : '─';
    if (from !== to) {
      cells[from] = '├';
      cells[to] = '┤';
    }
  }
  if (Number.isFinite(difference)) cells[cell(difference)] = '●';
  return cells.join('');
}
