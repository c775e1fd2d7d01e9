import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { RowSummary, RunningTask, Rows as ShownRows } from '../../../stores/datasets.ts';
import { lineageChain } from '../../datasets/lineage.ts';
import type { DatasetManifest, Split } from '../../datasets/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty, highlighted, List } from '../../ui/List.tsx';
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
import { findingLine, summaryLines } from './findings.ts';
import { makingLines } from './making-modal.tsx';
import type { DatasetsModel } from './model.ts';

export function DatasetsView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: DatasetsModel }): ReactNode {
  const { list, rows, findings, versions, row } = rects;
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
      {findings ? (
        <Placed within={rect} rect={findings}>
          <FindingsPane model={model} rect={findings} focused={focus === 'findings'} />
        </Placed>
      ) : null}
      {versions ? (
        <Placed within={rect} rect={versions}>
          <VersionsPane model={model} rect={versions} focused={focus === 'versions'} />
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
  useStore(model.context.jobs, (state) => state.list);
  useStore(datasets);
  const { marks } = useStore(model.rows.store);
  useStore(datasets, (state) => state.pages);
  const { width, height } = inside(rect);
  const manifest = list?.find(({ name }) => name === rows?.dataset);
  const head = [
    ...taskLines(task, width),
    ...makingLines(model.context, width),
    ...(manifest && rows ? splitLines(manifest.splits, width) : []),
  ].slice(0, Math.max(0, height - 3));
  const error = rows?.error ? `${rows.error.message} ${rows.error.hint}` : '';
  return (
    <Panel
      rect={rect}
      title={rowsTitle(rows)}
      note={rowsNote(rows, model.rows.rows().length, marks.size)}
      focused={focused}
    >
      <Rows lines={head} width={width} />
      {error ? (
        <Empty text={error} width={width} height={height - head.length} />
      ) : (
        <Table
          model={model.rows}
          columns={rowColumns().filter(({ id }) => !model.hidden().has(id))}
          width={width}
          height={Math.max(1, height - head.length)}
          focused={focused}
          empty={rows ? t(rows.loading ? 'home.looking' : 'kb.noMatch') : t('datasets.emptyRows')}
          emptyFilter={t('kb.noMatch')}
        />
      )}
    </Panel>
  );
}

const rowsTitle = (rows: ShownRows | null): string =>
  rows ? `${rows.dataset} · ${rows.part === 'all' ? t('datasets.allRows') : rows.part}` : t('datasets.rows');

function rowsNote(rows: ShownRows | null, shown: number, marked: number): string {
  if (!rows) return '';
  return [
    ...(rows.filter ? [t('filter.active', { text: rows.filter })] : []),
    ...(marked > 0 ? [`● ${formatCount(marked)}`] : []),
    rows.filter && !rows.loading
      ? t('datasets.someRows', { shown: formatCount(shown), total: formatCount(rows.total) })
      : `${rows.loading ? `${t('home.looking')} ` : ''}${formatCount(rows.total)}`,
  ].join(' · ');
}

const rowColumns = (): readonly (Column<RowSummary> & { readonly id: string })[] => [
  {
    id: 'number',
    title: '#',
    min: 6,
    align: 'right',
    cell: ({ number }) => [{ text: String(number), style: 'muted' }],
  },
  {
    id: 'question',
    title: t('datasets.row.question'),
    min: 20,
    weight: 3,
    cell: ({ question }) => sanitizeLine(question),
  },
  { id: 'answer', title: t('datasets.row.answer'), min: 12, weight: 2, cell: ({ answer }) => sanitizeLine(answer) },
];

function FindingsPane({ model, rect, focused }: PaneProps): ReactNode {
  const { datasets } = model.context;
  const reader = useStore(datasets, (state) => state.findings);
  const task = useStore(datasets, (state) => state.task);
  useStore(datasets);
  const { width, height } = inside(rect);
  const rule = model.rule();
  const head = [...taskLines(task, width), ...(reader && rule === null ? summaryLines(reader.summary) : [])].slice(
    0,
    Math.max(0, height - 3),
  );
  const empty = reader ? t('datasets.clean') : t('datasets.notChecked');
  return (
    <Panel
      rect={rect}
      title={rule === null ? t('datasets.findings') : `${t('datasets.findings')} · ${rule}`}
      note={reader ? formatCount(reader.summary.findings) : ''}
      focused={focused}
    >
      <Rows lines={head} width={width} />
      <List
        model={model.findings}
        width={width}
        height={Math.max(1, height - head.length)}
        focused={focused}
        render={(item) => findingLine(item, reader)}
        empty={task?.state === 'running' ? '' : empty}
      />
    </Panel>
  );
}

function VersionsPane({ model, rect, focused }: PaneProps): ReactNode {
  const { datasets } = model.context;
  useStore(datasets);
  const { width, height } = inside(rect);
  useStore(model.versions.store);
  const chosen = model.versions.selected();
  const chain = chosen ? lineageChain(chosen) : [];
  const above = Math.max(1, Math.min(model.versions.rows().length, height - 4));
  return (
    <Panel rect={rect} title={t('datasets.versions')} note={String(model.versions.rows().length)} focused={focused}>
      <List
        model={model.versions}
        width={width}
        height={above}
        focused={focused}
        render={(one) => [
          { text: one.current ? '● ' : '  ', style: 'accent' },
          { text: one.version },
          { text: `  ${t('datasets.rowCount', { count: formatCount(one.rows) })}  ` },
          {
            text: `${one.lineage.steps.at(-1)?.name ?? t('datasets.action.import')}  ${one.lineage.createdAt.slice(0, 16).replace('T', ' ')}`,
            style: 'muted',
          },
        ]}
        empty=""
      />
      <Rows
        lines={chain.map(
          ({ what, details, inner }): Line => [
            { text: ` ${inner ? '  ' : '→ '}${sanitizeLine(what)}  ` },
            { text: sanitizeLine(details.join(' · ')), style: 'muted' },
          ],
        )}
        width={width}
        height={Math.max(0, height - above)}
      />
    </Panel>
  );
}

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
    format: task.task.op === 'import' ? formatBytes : formatCount,
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
