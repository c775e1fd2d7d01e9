import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { isOver, type JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import { jobDuration, jobProgressLine, progressDetails, stateText } from '../progress.ts';
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
  const note = filter ? t('filter.active', { text: filter }) : list ? String(list.length) : '';
  return (
    <Panel rect={rect} title={t('jobs.list')} note={note} focused={focused}>
      <Table
        model={model.list}
        columns={columns(model.context.now())}
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

function columns(now: number): readonly Column<JobView>[] {
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
    {
      title: t('jobs.column.progress'),
      min: 24,
      weight: 3,
      cell: (job, { width }) => progressCell(job, width),
    },
  ];
}

function progressCell(job: JobView, width: number): Line {
  if (job.state === 'failed' || job.state === 'lost') {
    return [{ text: sanitizeLine(job.error?.message ?? job.reason), style: 'bad' }];
  }
  if (job.state === 'queued') return [{ text: sanitizeLine(job.reason), style: 'warn' }];
  if (job.endpoint) return [{ text: job.endpoint.url, style: 'muted' }];
  if (isOver(job.state)) return [{ text: progressDetails(job), style: 'muted' }];
  return jobProgressLine(job, width);
}

function LogPane({ model, rect, focused }: PaneProps): ReactNode {
  const stopping = useStore(model.context.jobs, (state) => state.stopping);
  useStore(model.context.jobs, (state) => state.logVersion);
  useStore(model.list.store);
  const { width, height } = inside(rect);
  const job = model.list.selected();
  const search = model.search();
  const head = job ? headLines(job, stopping[job.spec.id] ?? [], width) : [];
  const empty = search ? t('jobs.noMatch', { text: search }) : t('jobs.noLog');
  return (
    <Panel
      rect={rect}
      title={job ? `${t('jobs.log')}: ${job.spec.name}` : t('jobs.log')}
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
    return rows.map((row): Line => [{ text: ` ${row}`, style: 'bad' }]);
  }
  const details = progressDetails(job);
  return details && !isOver(job.state) ? [[{ text: ` ${details}`, style: 'muted' }]] : [];
}
