import { describe, expect, it } from 'vitest';
import type { JobEvent } from '../../../src/jobs/types.ts';
import {
  addEvent,
  bestCheckpoint,
  type Curves,
  curveRows,
  curvesCsv,
  emptyCurves,
  smoothed,
  valueAt,
} from '../../../src/training/curves.ts';

const envelope = { seq: 0, time: '2026-11-29T06:00:00.000Z', writer: 'worker' } as const;
const metric = (name: string, step: number, value: number): JobEvent => ({
  ...envelope,
  type: 'metric',
  name,
  step,
  value,
});
const checkpoint = (step: number, gone = false): JobEvent => ({
  ...envelope,
  type: 'artifact',
  name: `checkpoint-${step}`,
  path: `/t/checkpoint-${step}`,
  data: { kind: 'checkpoint', step, bytes: 1000 * step, ...(gone ? { gone } : {}) },
});
const fold = (events: readonly JobEvent[]): Curves => {
  const curves = emptyCurves();
  for (const event of events) addEvent(curves, event);
  return curves;
};
const points = (values: readonly number[]) => values.map((value, i) => ({ step: i + 1, value }));

describe('smoothing', () => {
  // Printed by LLaMA-Factory 0.9.5's own `llamafactory.extras.ploting.smooth`.
  it('gives the numbers of the engine’s own plots', () => {
    const expected = [3, 2.111917701594437, 2.456566721132963, 1.163015599648146, 1.4622854804394412];
    for (const [i, { value }] of smoothed(points([3, 2, 2.5, 1, 1.5])).entries()) {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 12);
    }
    const falling = smoothed(points(Array.from({ length: 100 }, (_, i) => 100 - i)));
    expect(falling.at(-1)?.value).toBeCloseTo(8.924754100258314, 10);
  });

  it('of nothing is nothing', () => expect(smoothed([])).toEqual([]));
});

describe('the curves of a job', () => {
  it('hold every step once, also when a session tells steps again', () => {
    const curves = fold([
      metric('loss', 1, 3),
      metric('loss', 2, 2),
      metric('resumed', 1, 1),
      metric('loss', 1, 3),
      metric('loss', 2, 2.2),
      metric('loss', 3, 1),
    ]);
    expect(curves.series.get('loss')).toEqual(points([3, 2.2, 1]));
    expect(curves.resumed).toEqual([1]);
    expect([...curves.series.keys()]).toEqual(['loss']);
  });

  it('know the checkpoints on disk, and which was best', () => {
    const curves = fold([
      checkpoint(2),
      metric('eval_loss', 2, 1.5),
      checkpoint(4),
      metric('eval_loss', 4, 1.2),
      checkpoint(6),
      metric('eval_loss', 6, 1.4),
      checkpoint(2, true),
    ]);
    expect([...curves.checkpoints.keys()]).toEqual([4, 6]);
    expect(bestCheckpoint(curves)).toMatchObject({ checkpoint: { step: 4, bytes: 4000 }, metric: 'eval_loss' });
  });

  it('take the highest of a metric where more is better, and no best where nothing was measured', () => {
    const recall = fold([
      checkpoint(2),
      checkpoint(4),
      metric('eval_recall@1', 2, 0.7),
      metric('eval_recall@1', 4, 0.6),
    ]);
    expect(bestCheckpoint(recall)?.checkpoint.step).toBe(2);
    // An embedder is judged by what it finds, even where the loss says otherwise.
    const ranked = fold([
      checkpoint(2),
      checkpoint(4),
      metric('eval_loss', 2, 0.1),
      metric('eval_mrr@10', 2, 0.8),
      metric('eval_loss', 4, 0.2),
      metric('eval_mrr@10', 4, 0.9),
    ]);
    expect(bestCheckpoint(ranked)).toMatchObject({ checkpoint: { step: 4 }, metric: 'eval_mrr@10' });
    expect(bestCheckpoint(fold([checkpoint(2), metric('loss', 2, 1)]))).toBeUndefined();
  });

  it('become rows by step in which what was not told is absent, in CSV an empty cell', () => {
    const curves = fold([
      metric('loss', 1, 3),
      metric('loss', 2, 2),
      metric('eval_loss', 2, 2.5),
      metric('lr', 1, 1e-4),
    ]);
    expect(curveRows(curves)).toEqual([
      { step: 1, values: { loss: 3, lr: 1e-4 } },
      { step: 2, values: { loss: 2, eval_loss: 2.5 } },
    ]);
    expect(curvesCsv([{ name: 't1', curves }])).toBe('step,loss,eval_loss,lr\n1,3,,0.0001\n2,2,2.5,\n');
  });

  it('tell what they stood at when a step has no value of its own', () => {
    const some = [
      { step: 5, value: 1 },
      { step: 10, value: 2 },
    ];
    expect([4, 5, 9, 10, 11].map((step) => valueAt(some, step)?.value)).toEqual([undefined, 1, 1, 2, 2]);
  });
});
