import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { Point, Watched } from '../../../stores/training.ts';
import type { StopStep } from '../../jobs/control.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { rangeOf } from '../../ui/charts.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty } from '../../ui/List.tsx';
import { LineChart } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { type Line, spansOf } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { jobDuration, jobProgressLine, stateText } from '../progress.ts';
import type { PaneProps } from '../run-panes.tsx';
import type { TrainModel } from './model.ts';

const SMALLEST_CHART = 3;
const NO_STEPS: readonly StopStep[] = [];

/** Loss, steps, rate and time left of the training that is looked at. */
export function LivePane({ model, rect, focused }: PaneProps<TrainModel>): ReactNode {
  const { training, jobs } = model.context;
  const watched = useStore(training, (state) => state.watched);
  useStore(training, (state) => state.version);
  useStore(jobs, (state) => state.list);
  const stopping = useStore(jobs, (state) => state.stopping);
  const { width, height } = inside(rect);
  const job = model.watched();
  if (!watched || !job) {
    return (
      <Panel rect={rect} title={t('train.live')} focused={focused}>
        <Empty text={t('train.liveEmpty')} width={width} height={height} />
      </Panel>
    );
  }
  const head = headLines(job, watched, stopping[job.spec.id] ?? NO_STEPS, width, model.context.now());
  const room = height - head.length;
  return (
    <Panel rect={rect} title={sanitizeLine(job.spec.name)} note={stateText(job.state)} focused={focused}>
      <Rows lines={head.slice(0, height)} width={width} />
      {room > SMALLEST_CHART ? <Charts series={watched.series} width={width} height={room} /> : null}
    </Panel>
  );
}

function headLines(
  job: JobView,
  { series, made }: Watched,
  steps: readonly StopStep[],
  width: number,
  now: number,
): readonly Line[] {
  const wrapped = (text: string, style: 'bad' | 'muted' | 'good'): Line[] =>
    wrapRows(sanitizeLine(text), Math.max(2, width - 2))
      .slice(0, 4)
      .map((row): Line => [{ text: ` ${row}`, style }]);
  const lines: Line[] = [];
  for (const { step, graceSeconds } of steps)
    lines.push([{ text: ` ■ ${t(`jobs.stop.${step}`, { seconds: graceSeconds })}`, style: 'warn' }]);
  if (job.error) lines.push(...wrapped(`✗ ${job.error.message} ${job.error.hint}`, 'bad'));
  else if (isOver(job.state))
    lines.push([{ text: ` ${stateText(job.state)} · ${jobDuration(job, now)}`, style: 'muted' }]);
  else {
    const counted = !job.progress || job.progress.total > 0;
    if (counted) lines.push([{ text: ' ' }, ...spansOf(jobProgressLine(job, width - 2))]);
    if (job.progress) lines.push([{ text: ` ${sanitizeLine(job.progress.phase)}`, style: 'muted' }]);
  }
  const numbers = numbersText(series);
  if (numbers) lines.push([{ text: ` ${numbers}` }]);
  for (const { name, path } of made) lines.push(...wrapped(`✓ ${t('train.made', { name, path })}`, 'good'));
  return lines;
}

const SHOWN = ['loss', 'eval_loss', 'learning_rate', 'grad_norm', 'epoch'] as const;

/** `loss 2.31 · learning rate 9.8e-5 · epoch 0.50`: the last of each. Pure. */
export function numbersText(series: ReadonlyMap<string, readonly Point[]>): string {
  return SHOWN.flatMap((name) => {
    const last = series.get(name)?.at(-1);
    return last ? [`${t(`train.metric.${name}`)} ${numberText(name, last.value)}`] : [];
  }).join(' · ');
}

function numberText(name: (typeof SHOWN)[number], value: number): string {
  if (name === 'learning_rate') return value === 0 ? '0' : value.toExponential(1);
  return value.toFixed(name === 'epoch' ? 2 : 3);
}

interface ChartsProps {
  readonly series: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
}

/** The loss over the steps; where there is an evaluation loss, it stands below on the same scale. */
function Charts({ series, width, height }: ChartsProps): ReactNode {
  const loss = series.get('loss') ?? [];
  const held = series.get('eval_loss') ?? [];
  if (loss.length === 0) return <Row line={[{ text: ` ${t('train.noLoss')}`, style: 'muted' }]} width={width} />;
  const both = held.length > 0 && height >= 2 * (SMALLEST_CHART + 1);
  const upper = both ? Math.ceil(height * 0.6) : height;
  const range = both ? rangeOf([...loss, ...held].map(({ value }) => value)) : undefined;
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Chart title={t('train.chart.loss')} points={loss} width={width} height={upper} range={range} />
      {both ? (
        <Chart title={t('train.chart.eval')} points={held} width={width} height={height - upper} range={range} />
      ) : null}
    </Box>
  );
}

interface ChartProps {
  readonly title: string;
  readonly points: readonly Point[];
  readonly width: number;
  readonly height: number;
  readonly range: { readonly low: number; readonly high: number } | undefined;
}

function Chart({ title, points, width, height, range }: ChartProps): ReactNode {
  const first = points[0]?.step ?? 0;
  const last = points.at(-1)?.step ?? 0;
  return (
    <>
      <Row
        line={[
          { text: ` ${title}`, style: 'muted' },
          { text: ` · ${t('train.chart.steps', { first, last })}`, style: 'muted' },
        ]}
        width={width}
      />
      <LineChart
        width={width}
        height={Math.max(1, height - 1)}
        values={thinned(points, width * 2).map(({ value }) => value)}
        format={(value) => value.toFixed(2)}
        {...(range ? { range } : {})}
      />
    </>
  );
}

/** At most `most` points over the whole length: a chart shows a training from its first step on. Pure. */
export function thinned(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  return Array.from({ length: most }, (_, i) => points[Math.floor((i * (points.length - 1)) / (most - 1))]).filter(
    (point) => point !== undefined,
  );
}
