import { escaped } from '../../platform/html-page.ts';
import { formatScore, POINTS } from '../units.ts';

/** One line of an interval chart; scores as they are, not points. */
export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Drawn fainter: a baseline, a secondary metric. */
  readonly muted: boolean;
}

const WIDTH = 760;
const LABEL = 200;
const RIGHT = 60;
const ROW = 24;
const AXIS = 28;
const TICKS = 5;

/** Means or differences with their 95 % intervals as an SVG element. With `zero` the line of no difference is drawn. Pure. */
export function intervalChart(
  rows: readonly IntervalRow[],
  { zero, unit }: { readonly zero: boolean; readonly unit: string },
): string {
  const ends = rows.flatMap(({ low, high, value }) => [low, high, value]).filter(Number.isFinite);
  const [from, to] = rangeOf([...ends, ...(zero ? [0] : [])], unit === POINTS ? 0.005 : 0);
  const x = (value: number): string => (LABEL + ((value - from) / (to - from)) * (WIDTH - LABEL - RIGHT)).toFixed(1);
  const height = rows.length * ROW + AXIS;
  const ticks = Array.from({ length: TICKS }, (_, at) => from + ((to - from) * at) / (TICKS - 1));
  return [
    `<svg role="img" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    ...ticks.map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="${height - AXIS + 4}" stroke="#8884"/><text x="${x(tick)}" y="${height - 8}" text-anchor="middle">${formatScore(tick, unit)}</text>`,
    ),
    ...(zero ? [`<line x1="${x(0)}" x2="${x(0)}" y1="0" y2="${height - AXIS + 4}" stroke="currentColor"/>`] : []),
    ...rows.map(({ label, value, low, high, muted }, at) => {
      const y = at * ROW + ROW / 2;
      const bar =
        Number.isFinite(low) && Number.isFinite(high)
          ? `<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="currentColor" stroke-width="2"/>`
          : '';
      return `<g${muted ? ' opacity="0.55"' : ''}><text x="${LABEL - 10}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>${bar}<circle cx="${x(value)}" cy="${y}" r="4" fill="currentColor"/><text x="${WIDTH - RIGHT + 8}" y="${y + 4}">${formatScore(value, unit)}</text></g>`;
    }),
    '</svg>',
  ].join('');
}

/** Low and high end of the axis, with a little room, never of no length. */
function rangeOf(values: readonly number[], least: number): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(least, (high - low) * 0.06) || Math.abs(high) * 0.06 || 1;
  return [low - room, high + room];
}
