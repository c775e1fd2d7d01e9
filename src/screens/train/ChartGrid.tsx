import { Box } from 'ink';
import type { ReactNode } from 'react';
import { Chart } from '../../ui/Chart.tsx';
import { t } from '../../ui/i18n/index.ts';
import { Row } from '../../ui/Row.tsx';
import { shares } from '../../ui/rect.ts';
import type { Line } from '../../ui/text.ts';
import { axisValue, type ChartRun, chartTitle, metricsOf, placeOnAxis, seriesOf, xRange } from './chart-data.ts';
import type { ChartState } from './chart-model.ts';

/** A chart narrower or lower than this tells little. */
const NARROWEST = 34;
const LOWEST = 6;
/** Cells between two charts. */
const GAP = 1;
export const SMALLEST_CHART = 3;

export interface ChartGridProps extends ChartState {
  readonly runs: readonly ChartRun[];
  readonly width: number;
  readonly height: number;
}

/** One chart, or as many beside each other as there is room for; below them what the x axis tells. */
export function ChartGrid({ runs, metric, axis, cursor, width, height }: ChartGridProps): ReactNode {
  const metrics = metricsOf(runs);
  const [first] = runs;
  if (!first || metrics.length === 0)
    return <Row line={[{ text: ` ${t('train.noLoss')}`, style: 'muted' }]} width={width} />;
  const room = height - 1;
  const sole = metric !== null && metrics.includes(metric) ? metric : undefined;
  const { rows, columns } = sole ? { rows: 1, columns: 1 } : gridOf(metrics.length, width, room);
  const shown = sole ? [sole] : metrics.slice(0, rows * columns);
  const x = xRange(runs, axis);
  const at = cursor === null ? undefined : placeOnAxis(first.curves, axis, cursor);
  const marks = first.curves.resumed.flatMap((step) => placeOnAxis(first.curves, axis, step) ?? []);
  const heights = shares(
    room,
    Array.from({ length: rows }, () => '1fr' as const),
  );
  const widths = shares(
    width,
    Array.from({ length: columns }, () => '1fr' as const),
  );
  return (
    <Box flexDirection="column" width={width} height={height}>
      {heights.map((rowHeight, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chart is its place
        <Box key={row} width={width} height={rowHeight}>
          {widths.map((chartWidth, column) => {
            const name = shown[row * columns + column];
            return name === undefined ? null : (
              <Box key={name} width={chartWidth}>
                <Chart
                  width={column < columns - 1 ? chartWidth - GAP : chartWidth}
                  height={rowHeight}
                  title={chartTitle(name, runs, cursor ?? undefined, shown.length === 1)}
                  series={seriesOf(name, runs, axis)}
                  x={x}
                  marks={marks}
                  cursor={at}
                  format={(value) => axisValue(name, value)}
                />
              </Box>
            );
          })}
        </Box>
      ))}
      <Row line={axisLine({ axis, cursor, x, shown: shown.length, of: metrics.length, run: first })} width={width} />
    </Box>
  );
}

/** Rows and columns of charts that fit. Pure. */
export function gridOf(charts: number, width: number, height: number): { rows: number; columns: number } {
  const columns = Math.max(1, Math.min(charts, Math.floor(width / NARROWEST), 3));
  const rows = Math.max(1, Math.min(Math.ceil(charts / columns), Math.floor(height / LOWEST)));
  return { rows, columns };
}

interface AxisLine {
  readonly axis: ChartState['axis'];
  readonly cursor: number | null;
  readonly x: { readonly low: number; readonly high: number };
  readonly shown: number;
  readonly of: number;
  readonly run: ChartRun;
}

function axisLine({ axis, cursor, x, shown, of, run }: AxisLine): Line {
  const { resumed } = run.curves;
  const digits = (value: number): string => (axis === 'step' ? String(value) : value.toFixed(2));
  const parts = [
    t(axis === 'step' ? 'train.chart.steps' : 'train.chart.epochs', { first: digits(x.low), last: digits(x.high) }),
    ...(shown < of ? [t('train.chart.more', { shown, of })] : []),
    ...(resumed.length > 0 ? [`┊ ${t('train.chart.resumed', { steps: resumed.join(', ') })}`] : []),
  ];
  const epoch = cursor === null ? undefined : placeOnAxis(run.curves, 'epoch', cursor);
  const pointed =
    cursor === null
      ? ''
      : `${t('train.chart.step', { step: cursor })}${epoch === undefined ? '' : ` · ${t('train.metric.epoch')} ${epoch.toFixed(2)}`}`;
  return [
    ...(pointed ? [{ text: ` ${pointed} `, style: 'selection' as const }] : []),
    { text: ` ${parts.join(' · ')}`, style: 'muted' },
  ];
}
