import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Plot, type PlotSeries, plotRows } from '../../../src/ui/plot.ts';
import { lineText, textWidth } from '../../../src/ui/text.ts';

const series = (ys: readonly number[], more: Partial<PlotSeries> = {}): PlotSeries => ({
  points: ys.map((y, x) => ({ x, y })),
  style: 'accent',
  joined: true,
  ...more,
});
const rows = (plot: Partial<Plot> & Pick<Plot, 'columns' | 'rows' | 'series'>): string[] =>
  plotRows({ x: { low: 0, high: 3 }, y: { low: 0, high: 3 }, ...plot }).map(lineText);

describe('a plot', () => {
  it('draws a rising line from the lower left to the upper right', () => {
    // Two cells by one: dots 4 wide, 4 high; the diagonal goes through dots 7, 6 (left cell) and 2, 4 (right cell).
    expect(rows({ columns: 2, rows: 1, series: [series([0, 1, 2, 3])] })).toEqual([
      String.fromCodePoint(0x2860, 0x280a),
    ]);
  });

  it('places points by their x, joined or not', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 3, y: 0 },
    ];
    const flat = { ...series([]), points };
    expect(rows({ columns: 2, rows: 1, series: [flat] })).toEqual([String.fromCodePoint(0x28c0, 0x28c0)]);
    expect(rows({ columns: 2, rows: 1, series: [{ ...flat, joined: false }] })).toEqual([
      String.fromCodePoint(0x2840, 0x2880),
    ]);
  });

  it('puts a flat line into the middle', () => {
    const range = { low: 5, high: 5 };
    expect(rows({ columns: 1, rows: 1, y: range, series: [series([5, 5, 5, 5])] })).toEqual([
      String.fromCodePoint(0x2812),
    ]);
  });

  it('tells series apart by colour and by marker, the later one on top', () => {
    const [row] = plotRows({
      columns: 2,
      rows: 1,
      x: { low: 0, high: 3 },
      y: { low: 0, high: 1 },
      series: [series([0, 0, 0, 0]), series([0, 0], { style: 'good', marker: '▲' })],
    });
    // Its marker waits for the fourth column: it has none there.
    expect(row).toEqual([
      { text: '⣀', style: 'good' },
      { text: '⣀', style: 'accent' },
    ]);
    const [marked] = plotRows({
      columns: 2,
      rows: 1,
      x: { low: 0, high: 3 },
      y: { low: 0, high: 1 },
      series: [series([0, 0, 0, 0], { marker: '●' })],
    });
    expect(marked).toEqual([{ text: '●⣀', style: 'accent' }]);
  });

  it('shows marks behind the line, and the column that is pointed at', () => {
    const plot = plotRows({
      columns: 4,
      rows: 1,
      x: { low: 0, high: 3 },
      y: { low: 0, high: 1 },
      series: [],
      marks: [1],
      cursor: 3,
    });
    expect(plot).toEqual([
      [{ text: ' ' }, { text: '┊', style: 'border' }, { text: ' ' }, { text: '│', style: 'selection' }],
    ]);
  });

  it('keeps a spike among thousands of values', () => {
    const ys = Array.from({ length: 10_000 }, (_, i) => (i === 4321 ? 3 : 0));
    const [top] = rows({ columns: 10, rows: 2, x: { low: 0, high: 9999 }, series: [series(ys)] });
    expect(top?.trim()).not.toBe('');
  });

  it('has exactly the size asked for, whatever the values', () => {
    const values = fc.array(fc.oneof(fc.double(), fc.constant(Number.NaN), fc.constant(Infinity)), { maxLength: 300 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (ys, columns, height) => {
        const finite = ys.filter(Number.isFinite);
        const y = { low: Math.min(0, ...finite), high: Math.max(0, ...finite) };
        const x = { low: 0, high: ys.length };
        const drawn = rows({
          columns,
          rows: height,
          x,
          y,
          series: [series(ys, { marker: '◆' })],
          marks: [1],
          cursor: 2,
        });
        expect(drawn).toHaveLength(height);
        for (const row of drawn) expect(textWidth(row)).toBe(columns);
      }),
    );
  });
});
