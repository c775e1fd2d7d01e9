import type { JobId, JobView } from '../../jobs/types.ts';
import { isOver } from '../../jobs/types.ts';
import {
  DISK_PARTS,
  type DiskForecast,
  type Forecast,
  MEMORY_PARTS,
  type MemoryForecast,
  type Obstacle,
  type TimeForecast,
} from '../../training/forecast/types.ts';
import type { TrainingPlan } from '../../training/llm-plan.ts';
import { bar } from '../../ui/charts.ts';
import { formatBytes, formatCount, formatDuration } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { textWidth } from '../../ui/text.ts';

export interface ForecastOptions {
  /** Tokens are being counted. */
  readonly counting: boolean;
  /** Steps are being run to measure them. */
  readonly measuring: boolean;
  /** What this training would wait for; undefined: it starts at once. */
  readonly waitsFor: string | undefined;
}

const BAR_CELLS = 10;
const LABEL_CELLS = 12;
const label = (text: string): string => text + ' '.repeat(Math.max(1, LABEL_CELLS - textWidth(text)));
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 2 : 0)}%`;

/** What a training will need and what stands against it, as lines of text. Pure. */
export function forecastText(
  { forecast, template }: TrainingPlan,
  { counting, measuring, waitsFor }: ForecastOptions,
): string {
  const { steps, tokens, parameters, memory, disk, time } = forecast;
  const unknown = t('train.forecast.unknown');
  return [
    ...verdictLines(forecast),
    label(t('train.forecast.steps')) +
      t('train.forecast.stepsText', {
        total: formatCount(steps.total),
        epoch: formatCount(steps.perEpoch),
        rows: formatCount(steps.trainRows),
        batch: formatCount(steps.effectiveBatch),
      }),
    ...(steps.evalRows > 0 ? [label('') + t('train.forecast.held', { rows: formatCount(steps.evalRows) })] : []),
    label(t('train.forecast.time')) + (measuring ? t('train.forecast.measuring') : timeText(time)),
    ...(memory ? memoryLines(memory) : [label(t('train.forecast.memory')) + unknown]),
    ...(disk ? diskLines(disk) : [label(t('train.forecast.disk')) + unknown]),
    label(t('train.forecast.trains')) +
      (parameters
        ? t('train.forecast.trainsText', {
            trainable: formatCount(parameters.trainable),
            all: formatCount(parameters.all),
            share: percent(parameters.trainable / parameters.all),
          })
        : unknown),
    label(t('train.forecast.tokens')) +
      (counting
        ? t('train.forecast.counting')
        : tokens
          ? t(tokens.source === 'counted' ? 'train.forecast.counted' : 'train.forecast.estimated', {
              total: formatCount(tokens.total),
              longest: formatCount(tokens.longest),
            })
          : unknown),
    ...(tokens?.cut ?? []).flatMap(({ setting, at, share }) =>
      share > 0 ? [`${label('')}! ${t('train.forecast.cut', { share: percent(share), setting, at })}`] : [],
    ),
    ...(template ? [label(t('train.forecast.template')) + template.name] : []),
    label(t('train.forecast.start')) +
      (waitsFor === undefined ? t('train.forecast.atOnce') : t('train.forecast.waits', { job: waitsFor })),
  ].join('\n');
}

function verdictLines({ verdict }: Forecast): string[] {
  const sign = verdict.state === 'tight' ? '!' : '✗';
  const lines = verdict.obstacles.map((obstacle) => `${sign} ${obstacleText(obstacle)}`);
  if (verdict.nearest) {
    const changes = Object.entries(verdict.nearest.settings).map(([key, value]) => `${key}=${value}`);
    lines.push(
      `→ ${t('train.forecast.nearest', { changes: changes.join(' '), peak: formatBytes(verdict.nearest.peak) })}`,
    );
  }
  return lines.length === 0 ? [] : [...lines, ''];
}

/** What stands against a training, in one sentence with its numbers. */
export function obstacleText(obstacle: Obstacle): string {
  if (obstacle.kind === 'no-steps') return t('train.forecast.noSteps', { rows: formatCount(obstacle.rows) });
  const numbers = { need: formatBytes(obstacle.need), have: formatBytes(obstacle.have) };
  if (obstacle.kind === 'disk') return t('train.forecast.noDisk', numbers);
  return t(obstacle.where === 'gpu' ? 'train.forecast.noGpuMemory' : 'train.forecast.noMemory', numbers);
}

function memoryLines({ where, parts, peak, moment }: MemoryForecast): string[] {
  const values = {
    peak: formatBytes(peak),
    where: t(where === 'gpu' ? 'train.forecast.eachGpu' : 'train.forecast.machine'),
    moment: t(`train.forecast.moment.${moment}`),
  };
  return [
    label(t('train.forecast.memory')) + t('train.forecast.memoryText', values),
    ...MEMORY_PARTS.flatMap((part) =>
      parts[part] > 0 ? [partLine(t(`train.forecast.part.${part}`), parts[part], peak)] : [],
    ),
  ];
}

function diskLines({ parts, peak }: DiskForecast): string[] {
  const each = DISK_PARTS.flatMap((part) =>
    parts[part] > 0 ? [`${t(`train.forecast.part.${part}`)} ${formatBytes(parts[part])}`] : [],
  );
  return [
    label(t('train.forecast.disk')) + t('train.forecast.diskText', { peak: formatBytes(peak), parts: each.join(', ') }),
  ];
}

const partLine = (name: string, bytes: number, peak: number): string => {
  const { filled, rest } = bar(peak > 0 ? bytes / peak : 0, BAR_CELLS);
  return `  ${label(name)}${filled}${rest} ${formatBytes(bytes)}`;
};

function timeText({ measured, seconds }: TimeForecast): string {
  if (!measured || !seconds) return t('train.forecast.noTime');
  return t(measured.source === 'micro-run' ? 'train.forecast.timeMeasured' : 'train.forecast.timeEarlier', {
    middle: formatDuration(seconds.middle),
    low: formatDuration(seconds.low),
    high: formatDuration(seconds.high),
    steps: measured.steps,
  });
}

/** The training that a new one on this device would wait for: on a CPU there is one at a time. */
export function waitsFor(
  jobs: readonly JobView[],
  device: 'cpu' | 'cuda',
  isTraining: (job: JobView) => boolean,
): JobId | undefined {
  if (device === 'cuda') return undefined;
  return jobs.findLast((job) => isTraining(job) && !isOver(job.state))?.spec.id;
}
