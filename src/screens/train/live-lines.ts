import type { TelemetryState } from '../../../stores/telemetry.ts';
import type { Watched } from '../../../stores/training-types.ts';
import type { StopStep } from '../../jobs/control.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { bestCheckpoint } from '../../training/curves.ts';
import type { Failure } from '../../training/failures/types.ts';
import { formatBytes, formatPercent } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { type Line, type Span, spansOf } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { machineLines } from '../compare/server-lines.ts';
import { jobDuration, jobProgressLine, stateText } from '../progress.ts';
import { metricTitle, metricValue } from './chart-data.ts';

const MOST_ROWS = 4;
const wrapped = (text: string, style: StyleName, width: number): Line[] =>
  wrapRows(sanitizeLine(text), Math.max(2, width - 2))
    .slice(0, MOST_ROWS)
    .map((row): Line => [{ text: ` ${row}`, style }]);

export interface HeadFacts {
  /** Of a stop under way. */
  readonly steps: readonly StopStep[];
  readonly width: number;
  readonly now: number;
  readonly failure: Failure | undefined;
}

/** How far a training is: what stops it, its progress or its end, and the last of each number. Pure. */
export function headLines(job: JobView, watched: Watched, { steps, width, now, failure }: HeadFacts): Line[] {
  const lines: Line[] = [];
  for (const { step, graceSeconds } of steps)
    lines.push([{ text: ` ■ ${t(`jobs.stop.${step}`, { seconds: graceSeconds })}`, style: 'warn' }]);
  if (job.error) lines.push(...wrapped(`✗ ${job.error.message} ${job.error.hint}`, 'bad', width));
  else if (isOver(job.state))
    lines.push([{ text: ` ${stateText(job.state)} · ${jobDuration(job, now)}`, style: 'muted' }]);
  else {
    // A host that is gone, a line in which it waits.
    if (job.reason && job.state !== 'stopping') lines.push(...wrapped(job.reason, 'warn', width));
    const counted = !job.progress || job.progress.total > 0;
    if (counted) lines.push([{ text: ' ' }, ...spansOf(jobProgressLine(job, width - 2))]);
    if (job.progress && !(counted && job.progress.phase === 'training'))
      lines.push([{ text: ` ${sanitizeLine(job.progress.phase)}`, style: 'muted' }]);
  }
  if (failure) lines.push(...failureLines(failure, width));
  const numbers = numbersText(watched.series);
  if (numbers) lines.push([{ text: ` ${numbers}` }]);
  return lines;
}

/** The lines of the engine that show why it failed, and what a key does about it. */
function failureLines({ lines, rung }: Failure, width: number): Line[] {
  const shown = lines.slice(-MOST_ROWS).flatMap((line) => wrapped(`│ ${line}`, 'muted', width));
  if (!rung) return shown;
  const changes = Object.entries(rung.changes).map(([key, value]) => `${key}=${value}`);
  const text = t(rung.keepsBatch ? 'train.rung' : 'train.rungOtherBatch', { changes: changes.join(' ') });
  return [...shown, ...wrapped(`→ ${text}`, 'accent', width)];
}

const SHOWN = ['loss', 'epoch', 'tokens_per_second', 'eval_loss', 'learning_rate', 'grad_norm'];

/** `loss 2.31 · epoch 0.50 · learning rate 9.8e-5`: the last of each. Pure. */
export function numbersText(series: Watched['series']): string {
  return SHOWN.flatMap((name) => {
    const last = series.get(name)?.at(-1);
    if (!last) return [];
    const value = metricValue(name, last.value);
    return [name === 'tokens_per_second' ? value : `${metricTitle(name)} ${value}`];
  }).join(' · ');
}

/** What a training has made, and its checkpoints from the newest on, with which is newest and best. Pure. */
export function madeLines(watched: Watched, width: number): Line[] {
  const made = watched.made.flatMap(({ name, path }) => wrapped(`✓ ${t('train.made', { name, path })}`, 'good', width));
  const best = bestCheckpoint(watched);
  const sorted = [...watched.checkpoints.values()].sort((a, b) => b.step - a.step);
  const checkpoints = sorted.map((one, i): Line => {
    const notes = [
      ...(i === 0 ? [t('train.checkpoint.newest')] : []),
      ...(best?.checkpoint === one ? [t('train.checkpoint.best', { metric: best.metric.replace(/^eval_/, '') })] : []),
    ];
    return [
      { text: ` ▪ ${t('train.checkpoint', { step: one.step, size: formatBytes(one.bytes) })}` },
      ...(notes.length > 0 ? [{ text: `  ${notes.join(' · ')}`, style: 'good' as const }] : []),
    ];
  });
  return [...made, ...checkpoints];
}

/** The same in one row, for narrow screens. Pure. */
export function madeLine(watched: Watched): Line | undefined {
  const [newest] = [...watched.checkpoints.values()].sort((a, b) => b.step - a.step);
  const made = watched.made.at(-1);
  if (made) return [{ text: ` ✓ ${t('train.made', { name: made.name, path: made.path })}`, style: 'good' }];
  if (!newest) return undefined;
  const best = bestCheckpoint(watched);
  const text = t('train.checkpoint.one', { step: newest.step, size: formatBytes(newest.bytes) });
  const other =
    best && best.checkpoint !== newest ? ` · ${t('train.checkpoint.bestAt', { step: best.checkpoint.step })}` : '';
  return [
    { text: ` ▪ ${text}`, style: 'muted' },
    { text: other, style: 'muted' },
  ];
}

/** What the training and the machine use now; empty while nothing is known. Pure. */
export function usageLines({ sample, history, state, reason }: TelemetryState, job: JobView, width: number): Line[] {
  if (state === 'failed') return wrapped(t('train.usageFailed', { reason }), 'muted', width);
  if (!sample) return [];
  return [...ownUsage(sample, job).map((spans): Line => spans), ...machineLines(sample, history, width)];
}

/** The same in one row. Pure. */
export function usageLine({ sample }: TelemetryState, job: JobView): Line | undefined {
  if (!sample) return undefined;
  const { cpu, memoryTotal, memoryAvailable } = sample.machine;
  const own = sample.processes.find(({ pid }) => pid === job.pid);
  const parts = [
    ...(own ? [usageText(own)] : []),
    ...(cpu === null ? [] : [t('train.machineCpu', { share: formatPercent(cpu) })]),
    ...(memoryTotal === null || memoryAvailable === null
      ? []
      : [t('train.machineFree', { free: formatBytes(memoryAvailable), total: formatBytes(memoryTotal) })]),
    ...(sample.gpus.state === 'ok'
      ? sample.gpus.gpus.map(({ index, busy }) => `GPU ${index} ${busy === null ? '–' : formatPercent(busy)}`)
      : []),
  ];
  return parts.length === 0 ? undefined : [{ text: ` ${parts.join(' · ')}`, style: 'muted' }];
}

type Sample = NonNullable<TelemetryState['sample']>;

function ownUsage(sample: Sample, job: JobView): Span[][] {
  const own = sample.processes.find(({ pid }) => pid === job.pid);
  if (!own) return [];
  return [[{ text: ` ${t('train.usage')}`, style: 'accent', bold: true }, { text: `  ${usageText(own)}` }]];
}

/** `1.9 cores, 1.8 GB in 3 processes, 4.2 GB on GPU`. */
function usageText({ processes, gpuMemory }: Sample['processes'][number]): string {
  const { cores, memory, processes: count } = processes;
  return [
    ...(cores === null ? [] : [t('train.usageCores', { cores: cores.toFixed(1) })]),
    t('train.usageMemory', { memory: formatBytes(memory), count }),
    ...(gpuMemory === null ? [] : [t('metrics.gpuMemory', { memory: formatBytes(gpuMemory) })]),
  ].join(', ');
}
