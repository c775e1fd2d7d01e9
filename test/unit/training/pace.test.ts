import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/training/pace.ts';

describe('pace', () => {
  it('is unknown at the first row', () => {
    expect(new Pace().update(1, 48, 1000)).toEqual({ rate: null, secondsLeft: null });
  });

  it('comes from the steps between rows, not from the step count: a resumed run is not too fast', () => {
    const pace = new Pace();
    pace.update(100, 120, 50_000);
    expect(pace.update(102, 120, 54_000)).toEqual({ rate: 0.5, secondsLeft: 36 });
  });

  it('forgets what is more than twenty rows ago', () => {
    const pace = new Pace();
    for (let step = 1; step <= 10; step += 1) pace.update(step, 100, step * 10_000);
    let last = pace.update(10, 100, 100_000);
    for (let step = 11; step <= 40; step += 1) last = pace.update(step, 100, 100_000 + (step - 10) * 1000);
    expect(last).toEqual({ rate: 1, secondsLeft: 60 });
  });

  it('begins anew when the step falls back', () => {
    const pace = new Pace();
    pace.update(30, 48, 0);
    expect(pace.update(25, 48, 1000)).toEqual({ rate: null, secondsLeft: null });
    expect(pace.update(26, 48, 3000)).toEqual({ rate: 0.5, secondsLeft: 44 });
  });
});
