import { describe, expect, it } from 'vitest';
import { forestAxis, forestRow } from '../../../src/ui/forest.ts';

describe('a forest plot', () => {
  const axis = { low: -0.1, high: 0.1 };
  it.each([
    [{ difference: 0.06, low: 0.02, high: 0.1 }, '          │ ├───●───┤'],
    [{ difference: -0.04, low: -0.08, high: 0.02 }, '  ├───●───┼─┤        '],
    [{ difference: 0, low: 0, high: 0 }, '          ●          '],
    // Wider than the axis: it ends where the axis ends.
    [{ difference: 0.05, low: -0.5, high: 0.5 }, '├─────────┼────●────┤'],
    [{ difference: 0.04, low: Number.NaN, high: Number.NaN }, '          │   ●      '],
  ])('%j', (row, drawn) => expect(forestRow(row, axis, 21)).toBe(drawn));

  it('has an axis that holds every interval and 0', () => {
    expect(forestAxis([{ difference: 0.2, low: 0.1, high: 0.3 }])).toEqual({ low: 0, high: 0.3 });
    expect(forestAxis([{ difference: 0, low: 0, high: 0 }])).toEqual({ low: -0.01, high: 0.01 });
    expect(forestAxis([])).toEqual({ low: -0.01, high: 0.01 });
  });
});
