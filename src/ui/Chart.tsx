import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Range } from './charts.ts';
import { type PlotSeries, plotRows, rangeOfSeries } from './plot.ts';
import { Row } from './Row.tsx';
import { type Line, pad, type Span, textWidth } from './text.ts';

export interface ChartProps {
  readonly width: number;
  /** With the title row. */
  readonly height: number;
  readonly title: Line;
  readonly series: readonly PlotSeries[];
  readonly x: Range;
  /** Dotted vertical lines at these x. */
  readonly marks?: readonly number[];
  /** The x that is pointed at. */
  readonly cursor?: number | undefined;
  readonly format: (value: number) => string;
}

/** A line chart in braille under its title, with its highest and lowest value at the left. */
export function Chart({ width, height, title, series, x, marks = [], cursor, format }: ChartProps): ReactNode {
  const y = rangeOfSeries(series);
  const rows = Math.max(1, height - 1);
  const [high, low] = [format(y.high), format(y.low)];
  const axis = Math.max(textWidth(high), textWidth(low));
  const columns = Math.max(1, width - axis - 2);
  const drawn = plotRows({ columns, rows, x, y, series, marks, cursor });
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Row line={title} width={width} />
      {drawn.map((row, i) => {
        const label = i === 0 ? high : i === rows - 1 ? low : '';
        const spans: Span[] = [
          { text: pad(label, axis, 'right'), style: 'muted' },
          { text: label === '' ? ' │' : ' ┤', style: 'border' },
          ...row,
        ];
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
        return <Row key={i} line={spans} width={width} />;
      })}
    </Box>
  );
}
