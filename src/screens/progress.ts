import type { Pull } from '../../stores/models.ts';
import { hostOf, LOCAL } from '../hosts/types.ts';
import { secondsOf } from '../jobs/time.ts';
import { type JobView, launcherName } from '../jobs/types.ts';
import { machineClock } from '../platform/clock.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { formatBytes, formatDuration, formatRate, formatShort } from '../ui/format.ts';
import { t } from '../ui/i18n/index.ts';
import { highlighted } from '../ui/List.tsx';
import type { ListRow } from '../ui/list-model.ts';
import { progressSpans } from '../ui/Meters.tsx';
import type { Line } from '../ui/text.ts';

/** Bar, share, rate and time left of a job, in one row. Pure. */
export function jobProgressLine(job: JobView, width: number): Line {
  const { progress } = job;
  if (!progress) return [{ text: stateText(job.state), style: 'muted' }];
  const { done, total, unit, rate, secondsLeft } = progress;
  return progressSpans({ width, done, total, unit: unitText(unit), rate, secondsLeft });
}

/** The other numbers of a job's progress: `files 3/12 · documents 12 · embedded 40 · 2.4k tokens/s`. */
export function progressDetails(job: JobView): string {
  const { 'files total': total, files, ...rest } = job.progress?.details ?? {};
  const counts =
    files === undefined ? [] : [`${unitText('files')} ${formatShort(files)}${total ? `/${formatShort(total)}` : ''}`];
  const others = Object.entries(rest)
    .filter(([name]) => name !== job.progress?.unit)
    .map(([name, value]) =>
      name.endsWith('/s') ? formatRate(value, unitText(name.slice(0, -2))) : `${unitText(name)} ${formatShort(value)}`,
    );
  return [...counts, ...others].join(' · ');
}

/** Bar, bytes, rate and time left of a pull. */
export function pullProgressLine(pull: Pull, width: number): Line {
  const { progress, rate, secondsLeft } = pull;
  if (!progress) return [{ text: t('models.pull.waiting'), style: 'muted' }];
  return progressSpans({
    width,
    done: progress.bytes,
    total: progress.total,
    unit: '',
    rate,
    secondsLeft,
    format: formatBytes,
  });
}

/** What a pull is doing, from where. */
export function pullPhase(pull: Pull): string {
  const { progress } = pull;
  if (!progress) return t('models.pull.waiting');
  return t(`models.phase.${progress.phase}`, { file: progress.file, source: progress.source });
}

export function stateText(state: JobView['state']): string {
  return t(`jobs.state.${state}`);
}

/** `on gpu`: the host that a job's work is done on; '' for this machine. */
export function whereText({ spec }: JobView): string {
  const launcher = launcherName(spec.work);
  return launcher === LOCAL ? '' : t('jobs.on', { host: hostOf(launcher) });
}

/** A job's name, as lists show it, with its host. */
export function jobName(job: JobView, { matched }: Pick<ListRow<JobView>, 'matched'>): Line {
  const where = whereText(job);
  const name = highlighted(sanitizeLine(job.spec.name), matched);
  return where === '' ? name : [...name, { text: ` ${where}`, style: 'muted' }];
}

/** How long a job took, or takes so far, in words; '' where no clock tells. */
export function jobDuration(job: JobView, now: number, uptime = machineClock.uptime()): string {
  const seconds = secondsOf(job, { now, uptime });
  return seconds === null ? '' : formatDuration(seconds);
}

const UNITS = ['chunks', 'documents', 'tokens', 'files', 'embedded', 'steps', 'items', 'packages', 'requests'] as const;

/** A unit in the language of the screen. */
export function unitText(unit: string): string {
  const known = UNITS.find((each) => each === unit);
  return known ? t(`unit.${known}`) : unit;
}
