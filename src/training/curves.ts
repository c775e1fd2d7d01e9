import { z } from 'zod';
import type { JobEvent } from '../jobs/types.ts';

/** A number at a step. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** What a training has made. */
export interface Made {
  readonly name: string;
  readonly path: string;
}

/** What the artifact event of a checkpoint carries. */
export const checkpointSchema = z.object({
  kind: z.literal('checkpoint'),
  step: z.number().int().nonnegative(),
  bytes: z.number().nonnegative(),
  /** The engine deleted it again (`save_total_limit`). */
  gone: z.boolean().optional(),
});
export interface Checkpoint extends Made {
  readonly step: number;
  readonly bytes: number;
}

/** Everything a training has told in numbers, folded from its events. Grows in place. */
export interface Curves {
  /** By metric: loss, eval_loss, learning_rate, grad_norm, epoch, … In the order of their steps. */
  readonly series: Map<string, Point[]>;
  /** Steps after which a session went on from a checkpoint. */
  readonly resumed: number[];
  /** Those on disk, by step. */
  readonly checkpoints: Map<number, Checkpoint>;
  readonly made: Made[];
}

/** Name of the metric that marks where a session went on; it is no curve. */
export const RESUMED = 'resumed';

export const emptyCurves = (): Curves => ({ series: new Map(), resumed: [], checkpoints: new Map(), made: [] });

/** Takes one event of a training job in; events of other types change nothing. */
export function addEvent(curves: Curves, event: JobEvent): void {
  if (event.type === 'metric' && event.name === RESUMED) {
    if (!curves.resumed.includes(event.step)) curves.resumed.push(event.step);
  } else if (event.type === 'metric') addPoint(curves.series, event.name, { step: event.step, value: event.value });
  else if (event.type === 'artifact') {
    const checkpoint = checkpointSchema.safeParse(event.data).data;
    const { name, path } = event;
    if (!checkpoint) curves.made.push({ name, path });
    else if (checkpoint.gone) curves.checkpoints.delete(checkpoint.step);
    else curves.checkpoints.set(checkpoint.step, { name, path, step: checkpoint.step, bytes: checkpoint.bytes });
  }
}

/** A resumed training tells steps again that it did before: the last word counts. */
function addPoint(series: Map<string, Point[]>, name: string, point: Point): void {
  const points = series.get(name) ?? [];
  series.set(name, points);
  while ((points.at(-1)?.step ?? -1) >= point.step) points.pop();
  points.push(point);
}

/**
 * The exponential moving average LLaMA-Factory's own plots use (`extras/ploting.py`, after TensorBoard): it begins with
 * the first value, and its weight 1.8 · (sigmoid(0.05 · n) − 0.5) grows with the number of values n.
 */
export function smoothed(points: readonly Point[]): Point[] {
  const weight = 1.8 * (1 / (1 + Math.exp(-0.05 * points.length)) - 0.5);
  let last = points[0]?.value ?? 0;
  return points.map(({ step, value }) => {
    last = last * weight + (1 - weight) * value;
    return { step, value: last };
  });
}

/** The value at a step or the last one before it; undefined before the first. */
export function valueAt(points: readonly Point[] | undefined, step: number): Point | undefined {
  if (!points) return undefined;
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.step ?? 0) <= step) low = middle + 1;
    else high = middle;
  }
  return points[low - 1];
}

/** What an embedder is judged by: how well it finds the held-out rows, not how surely. */
export const PRIMARY = 'eval_mrr@10';

/** Metrics where less is better; of all others more is. */
export const lessIsBetter = (metric: string): boolean => metric.endsWith('loss');

/**
 * The checkpoint whose evaluation was best: by MRR@10, else by held-out loss, else by the first other evaluation metric.
 * Undefined where nothing was evaluated at a checkpoint's own step.
 */
export function bestCheckpoint({
  series,
  checkpoints,
}: Curves): { checkpoint: Checkpoint; metric: string } | undefined {
  const metrics = [...series.keys()].filter((name) => name.startsWith('eval_'));
  const metric = [PRIMARY, 'eval_loss'].find((name) => metrics.includes(name)) ?? metrics[0];
  if (metric === undefined) return undefined;
  const sign = lessIsBetter(metric) ? 1 : -1;
  let best: { checkpoint: Checkpoint; value: number } | undefined;
  for (const { step, value } of series.get(metric) ?? []) {
    const checkpoint = checkpoints.get(step);
    if (checkpoint && (!best || sign * value < sign * best.value)) best = { checkpoint, value };
  }
  return best && { checkpoint: best.checkpoint, metric };
}

/** One row a step, with the metrics that were told at it; what was not told is absent. In the order of the steps. */
export function curveRows({ series }: Curves): { step: number; values: Readonly<Record<string, number>> }[] {
  const rows = new Map<number, Record<string, number>>();
  for (const [name, points] of series) {
    for (const { step, value } of points) {
      const row = rows.get(step) ?? {};
      row[name] = value;
      rows.set(step, row);
    }
  }
  return [...rows].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, values }));
}

/** The curves of trainings as CSV: a column a metric, an empty cell where nothing was told; several begin with their name. */
export function curvesCsv(runs: readonly { readonly name: string; readonly curves: Curves }[]): string {
  const several = runs.length > 1;
  const names = [...new Set(runs.flatMap(({ curves }) => [...curves.series.keys()]))];
  const lines = runs.flatMap(({ name, curves }) =>
    curveRows(curves).map(({ step, values }) =>
      [...(several ? [name] : []), step, ...names.map((metric) => values[metric] ?? '')].join(','),
    ),
  );
  return `${[[...(several ? ['run'] : []), 'step', ...names].join(','), ...lines].join('\n')}\n`;
}
