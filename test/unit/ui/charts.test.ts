import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar, sparkline } from '../../../src/ui/charts.ts';
import { progressSpans } from '../../../src/ui/Meters.tsx';
import { lineText, textWidth } from '../../../src/ui/text.ts';

describe('bars', () => {
  it('fill in eighths of a cell', () => {
    expect(bar(0.5, 4)).toEqual({ filled: '██', rest: '  ' });
    expect(bar(0.53125, 4)).toEqual({ filled: '██▏', rest: ' ' });
    expect(bar(1, 3)).toEqual({ filled: '███', rest: '' });
    expect(bar(7, 2).filled).toBe('██');
    expect(bar(Number.NaN, 2)).toEqual({ filled: '', rest: '  ' });
  });

  it('are always as wide as asked', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 2 }), fc.nat(50), (share, columns) => {
        const { filled, rest } = bar(share, columns);
        expect((filled + rest).length).toBe(columns);
      }),
    );
  });

  it('progress leaves numbers out from the right where there is little room', () => {
    const all = { done: 1250, total: 5000, unit: 'chunks', rate: 88, secondsLeft: 43 };
    const wide = lineText(progressSpans({ ...all, width: 70 }));
    expect(wide).toContain('25%  1.3k/5.0k chunks  88 chunks/s  43s');
    const narrow = lineText(progressSpans({ ...all, width: 40 }));
    expect(narrow).toContain('25%  1.3k/5.0k chunks');
    expect(narrow).not.toContain('/s');
    for (const width of [20, 33, 40, 70, 120])
      expect(textWidth(lineText(progressSpans({ ...all, width })))).toBe(width);
    expect(lineText(progressSpans({ ...all, total: 0, width: 40 }))).toBe('1.3k chunks');
  });
});

describe('sparklines', () => {
  it('are scaled to the highest value and right-aligned', () => {
    expect(sparkline([0, 7, 14], 5)).toBe('  ▁▅█');
    expect(sparkline([1, 2, 3, 4], 2)).toBe('▆█');
    expect(sparkline([1, Number.NaN, 1], 3)).toBe('█ █');
    expect(sparkline([0, 0], 2)).toBe('▁▁');
    expect(sparkline([5], 1, 10)).toBe('▅');
  });
});
