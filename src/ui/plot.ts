import { type Range, rangeOf } from './charts.ts';
import type { Span } from './text.ts';
import type { StyleName } from './theme.ts';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
}

export interface PlotSeries {
  /** By growing x. */
  readonly points: readonly PlotPoint[];
  readonly style: StyleName;
  /** Joined by lines, or dots alone. */
  readonly joined: boolean;
  /** Laid over the line now and then, so that series are told apart without colours. One cell wide. */
  readonly marker?: string;
}

export interface Plot {
  readonly columns: number;
  readonly rows: number;
  readonly x: Range;
  readonly y: Range;
  /** The later ones lie over the earlier ones. */
  readonly series: readonly PlotSeries[];
  /** Dotted vertical lines, behind everything. */
  readonly marks?: readonly number[];
  /** A column that is pointed at. */
  readonly cursor?: number | undefined;
}

// Dots of a braille cell, by column (2) and row (4): Unicode 2800–28FF.
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
/** Cells between two markers of a series. */
const MARKER_EVERY = 12;

interface Cell {
  dots: number;
  style: StyleName | undefined;
  glyph: string | undefined;
}

/** Where a value lies on `cells` dots, 0 at the low end; the middle when all values are the same. Pure. */
export function placeOf(value: number, { low, high }: Range, cells: number): number {
  // Halved first: the difference of two huge numbers would be infinite.
  const share = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5;
  return Math.round(Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0.5)) * (cells - 1));
}

/** Several series in braille on one pair of axes: rows top first, each exactly `columns` cells. Pure. */
export function plotRows({ columns, rows, x, y, series, marks = [], cursor }: Plot): Span[][] {
  const grid = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, (): Cell => ({ dots: 0, style: undefined, glyph: undefined })),
  );
  const columnOf = (at: number): number => Math.floor(placeOf(at, x, columns * 2) / 2);
  for (const mark of marks) {
    for (const row of grid) {
      const cell = row[columnOf(mark)];
      if (cell) Object.assign(cell, { glyph: '┊', style: 'border' });
    }
  }
  for (const [number, one] of series.entries()) draw(grid, one, { columns, rows, x, y, number });
  const pointed = cursor === undefined ? undefined : columnOf(cursor);
  return grid.map((row) => spansOfCells(row, pointed));
}

interface Place {
  readonly columns: number;
  readonly rows: number;
  readonly x: Range;
  readonly y: Range;
  readonly number: number;
}

function draw(grid: Cell[][], { points, style, joined, marker }: PlotSeries, place: Place): void {
  const { columns, rows, x, y, number } = place;
  const dotted = thinned(points, (at) => placeOf(at, x, columns * 2)).map((point) => ({
    x: placeOf(point.x, x, columns * 2),
    y: rows * 4 - 1 - placeOf(point.y, y, rows * 4),
  }));
  const set = (dotX: number, dotY: number): void => {
    const cell = grid[Math.floor(dotY / 4)]?.[Math.floor(dotX / 2)];
    const dot = DOTS[dotX % 2 === 0 ? 0 : 1][dotY % 4];
    if (!cell || dot === undefined) return;
    cell.dots |= dot;
    cell.style = style;
    cell.glyph = undefined;
  };
  let last: { x: number; y: number } | undefined;
  let marked = Number.NEGATIVE_INFINITY;
  // Markers of different series begin at different columns, or the last one would hide the others.
  const first = marker === undefined ? 0 : number * 3;
  for (const point of dotted) {
    for (const dot of line(joined ? (last ?? point) : point, point)) set(dot.x, dot.y);
    last = point;
  }
  if (marker === undefined) return;
  for (const point of dotted) {
    const column = Math.floor(point.x / 2);
    if (column < first || column - marked < MARKER_EVERY) continue;
    const cell = grid[Math.floor(point.y / 4)]?.[column];
    if (cell) Object.assign(cell, { glyph: marker, style });
    marked = column;
  }
}

/** At most four points a dot column (first, lowest, highest, last): a spike stays, and a long series costs no more. */
function thinned(points: readonly PlotPoint[], columnOf: (x: number) => number): readonly PlotPoint[] {
  const kept: PlotPoint[] = [];
  let bucket: PlotPoint[] = [];
  let column = Number.NaN;
  const flush = (): void => {
    if (bucket.length <= 4) kept.push(...bucket);
    else {
      let [low, high] = [0, 0];
      for (const [i, point] of bucket.entries()) {
        if (point.y < (bucket[low]?.y ?? 0)) low = i;
        if (point.y > (bucket[high]?.y ?? 0)) high = i;
      }
      for (const i of [...new Set([0, low, high, bucket.length - 1])].sort((a, b) => a - b)) {
        const point = bucket[i];
        if (point) kept.push(point);
      }
    }
    bucket = [];
  };
  for (const point of points) {
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) continue;
    const at = columnOf(point.x);
    if (at !== column) flush();
    column = at;
    bucket.push(point);
  }
  flush();
  return kept;
}

function spansOfCells(row: readonly Cell[], pointed: number | undefined): Span[] {
  const spans: { text: string; style?: StyleName }[] = [];
  for (const [column, { dots, style, glyph }] of row.entries()) {
    const here = column === pointed;
    const text = glyph ?? (dots === 0 ? (here ? '│' : ' ') : String.fromCodePoint(0x2800 + dots));
    const look: StyleName | undefined = here ? 'selection' : style;
    const last = spans.at(-1);
    if (last && last.style === look) last.text += text;
    else spans.push(look === undefined ? { text } : { text, style: look });
  }
  return spans;
}

/** The range of all finite y of these series. */
export const rangeOfSeries = (series: readonly PlotSeries[]): Range =>
  rangeOf(series.flatMap(({ points }) => points.map(({ y }) => y)));

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
