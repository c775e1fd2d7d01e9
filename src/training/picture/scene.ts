import { type Curves, type Point, smoothed, valueAt } from '../curves.ts';

/** What a picture is made of; x and y from its top left, in pixels. */
export type Shape =
  | {
      readonly kind: 'line';
      readonly points: readonly (readonly [number, number])[];
      readonly color: string;
      readonly width: number;
    }
  | { readonly kind: 'dot'; readonly x: number; readonly y: number; readonly color: string; readonly radius: number }
  | {
      readonly kind: 'text';
      readonly x: number;
      /** Of the base line. */
      readonly y: number;
      readonly text: string;
      readonly color: string;
      /** Height of capitals. */
      readonly size: number;
      readonly align: 'left' | 'right';
    };

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  readonly shapes: readonly Shape[];
}

export interface PictureRun {
  readonly name: string;
  readonly curves: Curves;
}

const WIDTH = 960;
const PANEL_HEIGHT = 230;
const COLUMNS = 2;
const LEFT = 70;
const TOP = 34;
const BOTTOM = 30;
const RIGHT = 20;
const LEGEND = 26;
const INK = '#333333';
const FAINT = '#c8c8c8';
const TEXT_SIZE = 9;
/** Told apart by people who see few colours as well (Okabe and Ito's order of hues). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const NOT_DRAWN = new Set(['epoch', 'total_tokens']);

/** The curves of some trainings, a panel a metric, by step. Names are the engine's: they need no other alphabet. Pure. */
export function curvesScene(runs: readonly PictureRun[]): Scene {
  const metrics = [...new Set(runs.flatMap(({ curves }) => [...curves.series.keys()]))].filter(
    (name) => !NOT_DRAWN.has(name),
  );
  const rows = Math.max(1, Math.ceil(metrics.length / COLUMNS));
  const height = LEGEND + rows * PANEL_HEIGHT;
  const shapes: Shape[] = [];
  let x = 14;
  for (const [i, { name }] of runs.entries()) {
    const color = colorOf(i);
    shapes.push({
      kind: 'line',
      points: [
        [x, 14],
        [x + 18, 14],
      ],
      color,
      width: 3,
    });
    shapes.push({ kind: 'text', x: x + 24, y: 18, text: name, color: INK, size: TEXT_SIZE, align: 'left' });
    x += 44 + name.length * TEXT_SIZE;
  }
  const width = WIDTH / Math.min(COLUMNS, Math.max(1, metrics.length));
  for (const [i, metric] of metrics.entries()) {
    const left = (i % COLUMNS) * width;
    const top = LEGEND + Math.floor(i / COLUMNS) * PANEL_HEIGHT;
    shapes.push(...panel(metric, runs, { left, top, width, height: PANEL_HEIGHT }));
  }
  return { width: WIDTH, height, background: '#ffffff', shapes };
}

const colorOf = (run: number): string => COLORS[run % COLORS.length] ?? INK;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function panel(metric: string, runs: readonly PictureRun[], box: Box): Shape[] {
  const series = runs.map(({ curves }) => curves.series.get(metric) ?? []);
  const all = series.flat();
  const low = Math.min(...all.map(({ value }) => value));
  const high = Math.max(...all.map(({ value }) => value));
  const first = Math.min(...all.map(({ step }) => step));
  const last = Math.max(...all.map(({ step }) => step));
  const [left, right] = [box.left + LEFT, box.left + box.width - RIGHT];
  const [top, bottom] = [box.top + TOP, box.top + box.height - BOTTOM];
  const placeX = (step: number): number =>
    last > first ? left + ((step - first) / (last - first)) * (right - left) : (left + right) / 2;
  const placeY = (value: number): number =>
    high > low ? bottom - ((value - low) / (high - low)) * (bottom - top) : (top + bottom) / 2;
  const label = (text: string, x: number, y: number, align: 'left' | 'right'): Shape => ({
    kind: 'text',
    x,
    y,
    text,
    color: INK,
    size: TEXT_SIZE,
    align,
  });
  const shapes: Shape[] = [
    label(metric, left, box.top + 22, 'left'),
    {
      kind: 'line',
      points: [
        [left, top],
        [left, bottom],
        [right, bottom],
      ],
      color: FAINT,
      width: 1,
    },
    label(short(high), left - 6, top + 5, 'right'),
    label(short(low), left - 6, bottom + 4, 'right'),
    label(String(first), left, bottom + 18, 'left'),
    label(`step ${last}`, right, bottom + 18, 'right'),
  ];
  for (const [i, points] of series.entries()) {
    const curves = runs[i]?.curves;
    const color = colorOf(i);
    const lineOf = (shown: readonly Point[], width: number): Shape => ({
      kind: 'line',
      points: shown.map(({ step, value }) => [placeX(step), placeY(value)] as const),
      color,
      width,
    });
    if (i === 0) {
      for (const step of curves?.resumed ?? []) {
        if (step < first || step > last) continue;
        shapes.push({
          kind: 'line',
          points: [
            [placeX(step), top],
            [placeX(step), bottom],
          ],
          color: FAINT,
          width: 1,
        });
      }
    }
    if (points.length === 1) {
      shapes.push(
        ...points.map(
          ({ step, value }): Shape => ({ kind: 'dot', x: placeX(step), y: placeY(value), color, radius: 2.5 }),
        ),
      );
    } else if (metric === 'loss') {
      shapes.push(
        ...points.map(
          ({ step, value }): Shape => ({ kind: 'dot', x: placeX(step), y: placeY(value), color, radius: 1 }),
        ),
      );
      shapes.push(lineOf(smoothed(points), 2));
    } else shapes.push(lineOf(points, 1.5));
    const end = valueAt(points, last);
    if (end) shapes.push({ ...label(short(end.value), right - i * 70, box.top + 22, 'right'), color } as Shape);
  }
  return shapes;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 1e5)) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : 3);
}
