import type { Watched } from '../../../stores/training-types.ts';
import { type Curves, type Point, smoothed, valueAt } from '../../training/curves.ts';
import { type Range, rangeOf } from '../../ui/charts.ts';
import { formatRate, formatShort } from '../../ui/format.ts';
import { type MessageKey, t } from '../../ui/i18n/index.ts';
import type { PlotSeries } from '../../ui/plot.ts';
import type { Span } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';

/** What the steps are told by along the x axis. */
export type Axis = 'step' | 'epoch';

/** A training in the charts: the one that is looked at first, then those laid over it. */
export interface ChartRun {
  readonly name: string;
  readonly curves: Curves;
  readonly style: StyleName;
  /** Tells it from the others without colours. */
  readonly marker: string;
}

/** The first is the training that is looked at; more overlays than looks repeat them. */
const LOOKS: readonly { readonly style: StyleName; readonly marker: string }[] = [
  { style: 'accent', marker: '●' },
  { style: 'good', marker: '▲' },
  { style: 'warn', marker: '■' },
  { style: 'bad', marker: '◆' },
];

export const chartRuns = (runs: readonly (Watched & { readonly name: string })[]): ChartRun[] =>
  runs.map((curves, i) => ({
    name: curves.name,
    curves,
    ...(LOOKS[i % LOOKS.length] ?? { style: 'text', marker: '+' }),
  }));

/** Numbers with words of their own; others (an engine's own metrics) go by their name. */
const KNOWN = [
  'loss',
  'eval_loss',
  'learning_rate',
  'grad_norm',
  'tokens_per_second',
  'epoch',
  'accuracy',
  'reward',
] as const;
const isKnown = (metric: string): metric is (typeof KNOWN)[number] => KNOWN.some((name) => name === metric);
/** Told as figures, not drawn: straight lines. */
const NOT_DRAWN = new Set(['epoch', 'total_tokens']);
/** The order of charts; evaluations come after the held-out loss. */
const ORDER = ['loss', 'eval_loss', 'learning_rate', 'grad_norm', 'tokens_per_second'];

/** `eval_recall@10` → `held-out recall@10`. */
export function metricTitle(metric: string): string {
  if (isKnown(metric)) return t(`train.metric.${metric}` satisfies MessageKey);
  return metric.startsWith('eval_') ? t('train.metric.heldOut', { name: metric.slice(5) }) : metric;
}

/** Metrics that can be drawn, in the order of their charts. */
export function metricsOf(runs: readonly ChartRun[]): string[] {
  const found = new Set(
    runs.flatMap(({ curves }) => [...curves.series].flatMap(([name, { length }]) => (length > 0 ? name : []))),
  );
  const rank = (name: string): number => {
    const known = ORDER.indexOf(name);
    if (known >= 0) return known < 2 ? known : known + 10;
    return name.startsWith('eval_') ? 2 : 20;
  };
  return [...found].filter((name) => !NOT_DRAWN.has(name)).sort((a, b) => rank(a) - rank(b));
}

/** A metric's value, short: `2.314`, `9.8e-5`, `410 tokens/s`. */
export function metricValue(metric: string, value: number): string {
  if (metric === 'learning_rate') return value === 0 ? '0' : value.toExponential(1);
  if (metric === 'tokens_per_second') return formatRate(value, t('unit.tokens'));
  if (metric === 'epoch') return value.toFixed(2);
  return Math.abs(value) >= 1000 ? formatShort(value) : value.toFixed(3);
}

/** The same for an axis, without its unit. */
export const axisValue = (metric: string, value: number): string =>
  metric === 'tokens_per_second'
    ? formatShort(value)
    : metric === 'learning_rate'
      ? metricValue(metric, value)
      : Math.abs(value) < 1000
        ? value.toFixed(2)
        : formatShort(value);

/** Where a step lies on the axis; undefined before the first epoch was told. */
export function placeOnAxis({ series }: Curves, axis: Axis, step: number): number | undefined {
  return axis === 'step' ? step : valueAt(series.get('epoch'), step)?.value;
}

/** From the first to the last step of all runs and metrics: charts beside each other have one axis. */
export function xRange(runs: readonly ChartRun[], axis: Axis): Range {
  return rangeOf(
    runs.flatMap(({ curves }) =>
      metricsOf([{ name: '', curves, style: 'text', marker: '' }]).flatMap((metric) => {
        const points = curves.series.get(metric) ?? [];
        return [points[0], points.at(-1)].flatMap((point) =>
          point ? (placeOnAxis(curves, axis, point.step) ?? []) : [],
        );
      }),
    ),
  );
}

/** The lines of one metric. The loss of one run: its values as dots, the smoothed ones as a line. */
export function seriesOf(metric: string, runs: readonly ChartRun[], axis: Axis): PlotSeries[] {
  const several = runs.length > 1;
  const lines = runs.flatMap(({ curves, style, marker }, i): PlotSeries[] => {
    const points = curves.series.get(metric) ?? [];
    const placed = (shown: readonly Point[]) =>
      shown.flatMap(({ step, value }) => {
        const x = placeOnAxis(curves, axis, step);
        return x === undefined ? [] : [{ x, y: value }];
      });
    const sign = several ? { marker } : {};
    if (metric !== 'loss') return [{ points: placed(points), style, joined: true, ...sign }];
    const line: PlotSeries = { points: placed(smoothed(points)), style, joined: true, ...sign };
    // Only the first shows its own values: those of four runs would be a cloud.
    return i === 0 ? [{ points: placed(points), style: 'muted', joined: false }, line] : [line];
  });
  // The first run lies over the others.
  return several ? [...lines.slice(metric === 'loss' ? 2 : 1), ...lines.slice(0, metric === 'loss' ? 2 : 1)] : lines;
}

/** `Loss 2.314 ~2.402`: the title of a chart, with what it stands at (at `step`, else at the end). */
export function chartTitle(metric: string, runs: readonly ChartRun[], step: number | undefined, sole: boolean): Span[] {
  const title = metricTitle(metric);
  const spans: Span[] = [{ text: ` ${title.charAt(0).toUpperCase()}${title.slice(1)}`, bold: true }];
  const told = (points: readonly Point[] | undefined): string => {
    const point = step === undefined ? points?.at(-1) : valueAt(points, step);
    return point ? metricValue(metric, point.value) : '–';
  };
  if (runs.length === 1) {
    const points = runs[0]?.curves.series.get(metric);
    spans.push({ text: ` ${told(points)}`, style: 'accent' });
    if (metric === 'loss' && (points?.length ?? 0) > 1)
      spans.push({ text: ` ${t('train.smoothed', { value: told(smoothed(points ?? [])) })}`, style: 'muted' });
    return spans;
  }
  for (const { name, curves, style, marker } of runs) {
    const points = curves.series.get(metric);
    spans.push({ text: `  ${marker} ${sole ? `${name} ` : ''}${told(points)}`, style });
  }
  return spans;
}
