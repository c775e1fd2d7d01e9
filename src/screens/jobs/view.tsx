import { type ReactNode, useEffect } from 'react';
import { useStore } from 'zustand';
import { signsOfLife } from '../../jobs/time.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { machineClock } from '../../platform/clock.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes, formatDuration, formatRate, formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { cut, type Line, spansOf } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import { jobDuration, jobProgressLine, progressDetails, stateText, unitText, whereText } from '../progress.ts';
import { usageLine } from '../train/live-lines.ts';
import { facetText } from './facet.ts';
import type { JobsModel } from './screen.tsx';

export function JobsScreenView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: JobsModel }): ReactNode {
  const { list, log } = rects;
  return (
    <>
      {list ? (
        <Placed within={rect} rect={list}>
          <JobTable model={model} rect={list} focused={focus === 'list'} />
        </Placed>
      ) : null}
      {log ? (
        <Placed within={rect} rect={log}>
          <LogPane model={model} rect={log} focused={focus === 'log'} />
        </Placed>
      ) : null}
    </>
  );
}

interface PaneProps {
  readonly model: JobsModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function JobTable({ model, rect, focused }: PaneProps): ReactNode {
  const list = useStore(model.context.jobs, (state) => state.list);
  const { filter } = useStore(model.list.store);
  const { width, height } = inside(rect);
  const facet = model.facet();
  const shown = facet.by === 'all' ? '' : `${facetText(facet)} `;
  const note = filter ? t('filter.active', { text: filter }) : list ? `${shown}${model.list.rows().length}` : '';
  return (
    <Panel rect={rect} title={t('jobs.list')} note={note} focused={focused}>
      <Table
        model={model.list}
        columns={columns(model.context.now(), width >= NUMBERS)}
        width={width}
        height={height}
        focused={focused}
        empty={list ? t('jobs.empty') : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

const STYLES: Readonly<Record<JobView['state'], StyleName>> = {
  queued: 'muted',
  starting: 'accent',
  running: 'accent',
  stopping: 'warn',
  succeeded: 'good',
  failed: 'bad',
  stopped: 'muted',
  lost: 'bad',
};

/** From here on rate and time left have columns of their own. */
const NUMBERS = 110;

function columns(now: number, numbers: boolean): readonly Column<JobView>[] {
  return [
    {
      title: t('jobs.column.name'),
      min: 18,
      max: 44,
      weight: 1,
      cell: ({ spec }, { matched }) => highlighted(sanitizeLine(spec.name), matched),
    },
    {
      title: t('jobs.column.state'),
      min: 9,
      cell: ({ state }) => [{ text: stateText(state), style: STYLES[state] }],
    },
    {
      title: t('jobs.column.started'),
      min: 5,
      max: 16,
      weight: 1,
      optional: 2,
      cell: ({ startedAt }) => (startedAt ? formatTime(startedAt) : ''),
    },
    {
      title: t('jobs.column.took'),
      min: 7,
      optional: 1,
      align: 'right',
      cell: (job) => (isOver(job.state) ? jobDuration(job, now) : ''),
    },
    ...(numbers ? numberColumns() : []),
    {
      title: t('jobs.column.progress'),
      min: 24,
      weight: 3,
      cell: (job, { width }) => progressCell(job, width, numbers),
    },
  ];
}

function numberColumns(): readonly Column<JobView>[] {
  const running = (job: JobView) => (isOver(job.state) ? null : job.progress);
  return [
    {
      title: t('jobs.column.rate'),
      min: 10,
      align: 'right',
      cell: (job) => {
        const { rate, unit } = running(job) ?? { rate: null, unit: '' };
        return rate === null ? '' : unit === 'bytes' ? `${formatBytes(rate)}/s` : formatRate(rate, unitText(unit));
      },
    },
    {
      title: t('jobs.column.left'),
      min: 7,
      align: 'right',
      cell: (job) => {
        const left = running(job)?.secondsLeft ?? null;
        return left === null ? '' : formatDuration(left);
      },
    },
    {
      title: t('jobs.column.tags'),
      min: 8,
      max: 24,
      weight: 1,
      cell: ({ tags }) => [{ text: tags.map((tag) => `#${sanitizeLine(tag)}`).join(' '), style: 'muted' }],
    },
  ];
}

/** How far it is, after the host that its work is done on. */
function progressCell(job: JobView, width: number, numbers: boolean): Line {
  const where = whereText(job);
  if (where === '') return progressText(job, width, numbers);
  const rest = spansOf(progressText(job, Math.max(1, width - where.length - 1), numbers));
  return [{ text: `${where} `, style: 'muted' }, ...rest];
}

function progressText(job: JobView, width: number, numbers: boolean): Line {
  if (job.state === 'failed' || job.state === 'lost') {
    return [{ text: sanitizeLine(job.error?.message ?? job.reason), style: 'bad' }];
  }
  if (job.state === 'queued') return [{ text: sanitizeLine(job.reason), style: 'warn' }];
  if (job.endpoint) return [{ text: job.endpoint.url, style: 'muted' }];
  if (isOver(job.state)) return [{ text: progressDetails(job), style: 'muted' }];
  // Said once: in the columns or in the bar.
  const bare = numbers && job.progress ? { ...job, progress: { ...job.progress, rate: null, secondsLeft: null } } : job;
  return jobProgressLine(bare, width);
}

function LogPane({ model, rect, focused }: PaneProps): ReactNode {
  const stopping = useStore(model.context.jobs, (state) => state.stopping);
  useStore(model.context.jobs, (state) => state.logVersion);
  useStore(model.list.store);
  const { width, height } = inside(rect);
  const job = model.list.selected();
  const search = model.search();
  const { telemetry } = model.context;
  const usage = useStore(telemetry);
  const pid = job?.pid ?? null;
  useEffect(() => telemetry.getState().watchProcess(pid), [telemetry, pid]);
  useEffect(() => () => telemetry.getState().watchProcess(null), [telemetry]);
  const used = job && pid !== null ? usageLine(usage, job) : undefined;
  const head = job ? [...headLines(job, stopping[job.spec.id] ?? [], width), ...(used ? [used] : [])] : [];
  const source = useStore(model.context.jobs, (state) => state.source);
  const empty = search
    ? t('jobs.noMatch', { text: search })
    : t(source === 'events' ? 'jobs.noLog' : `jobs.empty.${source}`);
  return (
    <Panel
      rect={rect}
      title={job ? `${t(`jobs.source.${source}`)}: ${sanitizeLine(job.spec.name)}` : t('jobs.log')}
      note={search ? t('filter.active', { text: search }) : ''}
      focused={focused}
    >
      <Rows lines={head} width={width} />
      <StreamView model={model.log} width={width} height={Math.max(1, height - head.length)} empty={empty} />
    </Panel>
  );
}

/** The steps of a stop under way, the numbers of what runs, or why it failed and what to do. */
function headLines(
  job: JobView,
  steps: readonly { readonly step: 'ask' | 'terminate' | 'kill'; readonly graceSeconds: number }[],
  width: number,
): readonly Line[] {
  if (steps.length > 0) {
    return steps.map(
      ({ step, graceSeconds }): Line => [
        { text: ` ■ ${t(`jobs.stop.${step}`, { seconds: graceSeconds })}`, style: 'warn' },
      ],
    );
  }
  if (job.error) {
    const rows = wrapRows(sanitizeLine(`✗ ${job.error.message} ${job.error.hint}`), width - 2).slice(0, 4);
    return [
      ...rows.map((row): Line => [{ text: ` ${row}`, style: 'bad' }]),
      ...mutedLines([farText(job), noteText(job)], width),
    ];
  }
  if (job.state === 'queued') {
    const rows = wrapRows(sanitizeLine(job.reason), width - 2).slice(0, 4);
    return [...rows.map((row): Line => [{ text: ` ${row}`, style: 'warn' }]), ...mutedLines([noteText(job)], width)];
  }
  const details = isOver(job.state) ? '' : progressDetails(job);
  const left = job.orphans.length > 0 ? job.reason : '';
  return mutedLines([left, details, signsText(job), farText(job), noteText(job)], width);
}

/** Where it runs, and as what there. */
function farText(job: JobView): string {
  const where = whereText(job);
  if (where === '' || !job.far) return where;
  return [where, job.far.run, ...(job.far.open && isOver(job.state) ? [t('jobs.mayGoOn')] : [])].join(' · ');
}

const noteText = ({ note, tags }: JobView): string =>
  [...tags.map((tag) => `#${tag}`), ...(note ? [t('jobs.noted', { note })] : [])].join(' ');

const mutedLines = (texts: readonly string[], width: number): readonly Line[] =>
  texts
    .filter(Boolean)
    .map((text): Line => [{ text: ` ${cut(sanitizeLine(text), Math.max(1, width - 2))}`, style: 'muted' }]);

/** Silence below this is no news. */
const QUIET_SECONDS = 30;
/** Three heartbeats. */
const LATE_SECONDS = 15;

/** The GPUs of a job that runs, and when it was last heard of, where that is long ago. */
function signsText(job: JobView): string {
  if (isOver(job.state)) return '';
  const signs = signsOfLife(job, machineClock.uptime());
  return [
    job.gpus.length > 0 ? `GPU ${job.gpus.join(', ')}` : '',
    signs && signs.beat >= LATE_SECONDS ? t('jobs.lastSign', { ago: formatDuration(signs.beat) }) : '',
    signs && signs.word >= QUIET_SECONDS ? t('jobs.quiet', { ago: formatDuration(signs.word) }) : '',
    job.state === 'running' && job.reason ? job.reason : '',
  ]
    .filter(Boolean)
    .join(' · ');
}
