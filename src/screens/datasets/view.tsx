import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { RowSummary, RunningTask } from '../../../stores/datasets.ts';
import type { DatasetManifest, Split } from '../../datasets/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty, highlighted } from '../../ui/List.tsx';
import { progressSpans } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import type { DatasetsModel } from './model.ts';

export function DatasetsView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: DatasetsModel }): ReactNode {
  const { list, rows, row } = rects;
  return (
    <>
      {list ? (
        <Placed within={rect} rect={list}>
          <ListPane model={model} rect={list} focused={focus === 'list'} />
        </Placed>
      ) : null}
      {rows ? (
        <Placed within={rect} rect={rows}>
          <RowsPane model={model} rect={rows} focused={focus === 'rows'} />
        </Placed>
      ) : null}
      {row ? (
        <Placed within={rect} rect={row}>
          <RowPane model={model} rect={row} focused={focus === 'row'} />
        </Placed>
      ) : null}
    </>
  );
}

interface PaneProps {
  readonly model: DatasetsModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function ListPane({ model, rect, focused }: PaneProps): ReactNode {
  const { datasets } = model.context;
  const list = useStore(datasets, (state) => state.list);
  const error = useStore(datasets, (state) => state.error);
  const { filter } = useStore(model.list.store);
  const { width, height } = inside(rect);
  const note = filter ? t('filter.active', { text: filter }) : list ? String(list.length) : '';
  const empty = error ? `${error.message} ${error.hint}` : list ? t('datasets.empty') : t('home.looking');
  return (
    <Panel rect={rect} title={t('datasets.list')} note={note} focused={focused}>
      <Table
        model={model.list}
        columns={COLUMNS()}
        width={width}
        height={height}
        focused={focused}
        empty={empty}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

const COLUMNS = (): readonly Column<DatasetManifest>[] => [
  {
    title: t('datasets.column.name'),
    min: 12,
    max: 40,
    weight: 2,
    cell: ({ name }, { matched }) => highlighted(sanitizeLine(name), matched),
  },
  { title: t('datasets.column.kind'), min: 9, optional: 2, cell: ({ kind }) => kind },
  { title: t('datasets.column.rows'), min: 6, align: 'right', cell: ({ rows }) => formatCount(rows) },
  {
    title: t('datasets.column.questions'),
    min: 9,
    align: 'right',
    optional: 3,
    cell: ({ questions }) => formatCount(questions),
  },
  {
    title: t('datasets.column.contexts'),
    min: 8,
    align: 'right',
    optional: 1,
    cell: ({ contexts, kind }) => (kind === 'sft' ? '' : formatCount(contexts)),
  },
  {
    title: t('datasets.column.splits'),
    min: 8,
    weight: 1,
    cell: ({ splits }) => (splits.length === 0 ? '–' : splits.map(({ name }) => name).join(' ')),
  },
];

function RowsPane({ model, rect, focused }: PaneProps): ReactNode {
  const { datasets } = model.context;
  const rows = useStore(datasets, (state) => state.rows);
  const task = useStore(datasets, (state) => state.task);
  const list = useStore(datasets, (state) => state.list);
  useStore(model.list.store);
  const { filter } = useStore(model.rows.store);
  const { width, height } = inside(rect);
  const manifest = list?.find(({ name }) => name === rows?.dataset);
  const head = [...taskLines(task, width), ...(manifest && rows ? splitLines(manifest.splits, width) : [])].slice(
    0,
    Math.max(0, height - 3),
  );
  const error = rows?.error ? `${rows.error.message} ${rows.error.hint}` : '';
  return (
    <Panel
      rect={rect}
      title={rowsTitle(rows)}
      note={rowsNote(rows, model.rows.rows().length, filter)}
      focused={focused}
    >
      <Rows lines={head} width={width} />
      {error ? (
        <Empty text={error} width={width} height={height - head.length} />
      ) : (
        <Table
          model={model.rows}
          columns={rowColumns()}
          width={width}
          height={Math.max(1, height - head.length)}
          focused={focused}
          empty={rows ? t('home.looking') : t('datasets.emptyRows')}
          emptyFilter={t('kb.noMatch')}
        />
      )}
    </Panel>
  );
}

type ShownRows = {
  readonly dataset: string;
  readonly part: string;
  readonly total: number;
  readonly list: readonly RowSummary[];
};

const rowsTitle = (rows: ShownRows | null): string =>
  rows ? `${rows.dataset} · ${rows.part === 'all' ? t('datasets.allRows') : rows.part}` : t('datasets.rows');

function rowsNote(rows: ShownRows | null, shown: number, filter: string): string {
  if (!rows) return '';
  if (filter) return `${t('filter.active', { text: filter })} · ${formatCount(shown)}`;
  return rows.list.length < rows.total
    ? t('datasets.someRows', { shown: formatCount(rows.list.length), total: formatCount(rows.total) })
    : formatCount(rows.total);
}

const rowColumns = (): readonly Column<RowSummary>[] => [
  { title: '#', min: 6, align: 'right', cell: ({ number }) => [{ text: String(number), style: 'muted' }] },
  {
    title: t('datasets.row.question'),
    min: 20,
    weight: 3,
    cell: ({ question }, { matched }) => highlighted(sanitizeLine(question), matched),
  },
  { title: t('datasets.row.answer'), min: 12, weight: 2, cell: ({ answer }) => sanitizeLine(answer) },
];

/** The task under way with its progress, or how the last one ended. */
function taskLines(task: RunningTask | null, width: number): Line[] {
  if (!task || task.state === 'done' || task.state === 'cancelled') return [];
  const name = t(`datasets.task.${task.task.op}`);
  if (task.state === 'failed') {
    const text = `✗ ${task.error?.message ?? ''} ${task.error?.hint ?? ''}`;
    return wrapRows(sanitizeLine(text), Math.max(2, width - 2))
      .slice(0, 3)
      .map((row): Line => [{ text: ` ${row}`, style: 'bad' }]);
  }
  const { progress, rate } = task;
  if (!progress) return [[{ text: ` ${name}…`, style: 'accent' }]];
  const left = rate ? Math.max(0, progress.total - progress.done) / rate : null;
  const bar = progressSpans({
    width: width - 2,
    done: progress.done,
    total: progress.total,
    unit: '',
    rate,
    secondsLeft: left,
    format: formatBytes,
  });
  return [
    [{ text: ` ${name} · ${t('datasets.rowCount', { count: formatCount(progress.rows) })}`, style: 'accent' }],
    [{ text: ' ' }, ...bar],
  ];
}

/** Each split with its counts, and how much of it stands in train too. */
function splitLines(splits: readonly Split[], width: number): Line[] {
  return splits.flatMap((split): Line[] => {
    const parts = split.parts.map(({ name, rows }) => `${name} ${formatCount(rows)}`).join(' · ');
    const leak = split.parts.find(({ sharedWithTrain }) => sharedWithTrain > 0);
    const warning = leak
      ? t('datasets.leak', { shared: leak.sharedWithTrain, rows: leak.rows, part: leak.name })
      : t('datasets.noLeak');
    const text = ` ${split.name} (${t('datasets.seed')} ${split.seed}): ${parts} · ${leak ? '! ' : ''}${warning}`;
    return wrapRows(text, Math.max(2, width - 1)).map(
      (row, i): Line => [{ text: i === 0 ? row : ` ${row}`, style: leak ? 'warn' : 'muted' }],
    );
  });
}

function RowPane({ model, rect, focused }: PaneProps): ReactNode {
  const { datasets } = model.context;
  const open = useStore(datasets, (state) => state.open);
  const list = useStore(datasets, (state) => state.list);
  useStore(datasets);
  const { width, height } = inside(rect);
  const title = open ? `${t('datasets.row')} ${open.number}` : t('datasets.row');
  const nothing = list?.length === 0;
  return (
    <Panel rect={rect} title={title} note={model.rendered() ? t('datasets.asTrained') : ''} focused={focused}>
      {nothing ? (
        <Empty text={t('datasets.emptyHelp')} width={width} height={height} />
      ) : open ? (
        <StreamView model={model.text} width={width} height={height} highlights={model.lit()} />
      ) : (
        <Row line="" width={width} />
      )}
    </Panel>
  );
}
