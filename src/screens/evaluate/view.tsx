import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { QuestionRow } from '../../evaluation/figures.ts';
import type { JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { fieldLine } from '../form.ts';
import { Placed } from '../Placed.tsx';
import { stateText } from '../progress.ts';
import { FiguresPane } from './FiguresPane.tsx';
import { canStart } from './form.ts';
import type { EvaluateModel } from './model.ts';
import { points } from './texts.ts';

export function EvaluateView({
  model,
  rect,
  rects,
  focus,
}: ScreenViewProps & { readonly model: EvaluateModel }): ReactNode {
  const panes = { runs: RunsPane, form: FormPane, plan: PlanPane, figures: FiguresPane, questions: QuestionsPane };
  return Object.entries(panes).map(([id, Pane]) => {
    const place = rects[id];
    return place ? (
      <Placed key={id} within={rect} rect={place}>
        <Pane model={model} rect={place} focused={focus === id} />
      </Placed>
    ) : null;
  });
}

export interface PaneProps {
  readonly model: EvaluateModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function RunsPane({ model, rect, focused }: PaneProps): ReactNode {
  const list = useStore(model.context.jobs, (state) => state.list);
  const { filter } = useStore(model.runs.store);
  const { width, height } = inside(rect);
  return (
    <Panel
      rect={rect}
      title={t('evaluate.runs')}
      note={filter ? t('filter.active', { text: filter }) : ''}
      focused={focused}
    >
      <Table
        model={model.runs}
        columns={runColumns()}
        width={width}
        height={height}
        focused={focused}
        empty={list ? t('evaluate.empty') : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

const columnNames = ({ spec: { work } }: JobView): string =>
  work.kind === 'evaluate' ? work.columns.map(({ name }) => name).join(' · ') : '';
const dataOf = ({ spec: { work } }: JobView): string =>
  work.kind === 'evaluate' ? `${work.dataset} ${work.split}` : '';

const runColumns = (): readonly Column<JobView>[] => [
  { title: t('evaluate.column.columns'), min: 18, weight: 2, cell: (job) => sanitizeLine(columnNames(job)) },
  { title: t('evaluate.column.data'), min: 16, weight: 1, optional: 1, cell: (job) => sanitizeLine(dataOf(job)) },
  {
    title: t('jobs.column.state'),
    min: 8,
    cell: ({ state }) => [
      {
        text: stateText(state),
        style: state === 'succeeded' ? 'good' : state === 'failed' || state === 'lost' ? 'bad' : 'accent',
      },
    ],
  },
  {
    title: t('evaluate.column.items'),
    min: 9,
    align: 'right',
    cell: ({ progress }) => (progress && progress.total > 0 ? `${progress.done}/${progress.total}` : ''),
  },
  {
    title: t('jobs.column.started'),
    min: 16,
    optional: 2,
    cell: ({ startedAt }) => (startedAt ? formatTime(startedAt) : ''),
  },
];

function FormPane({ model, rect, focused }: PaneProps): ReactNode {
  useStore(model.context.evaluation);
  useStore(model.context.datasets, (state) => state.list);
  const { width, height } = inside(rect);
  const ready = canStart(model.context) === true;
  return (
    <Panel rect={rect} title={t('evaluate.form')} note={ready ? t('train.ready') : ''} focused={focused}>
      <List
        model={model.fields}
        width={width}
        height={height}
        focused={focused}
        render={(field) => fieldLine(field)}
        empty=""
      />
    </Panel>
  );
}

function PlanPane({ model, rect, focused }: PaneProps): ReactNode {
  useStore(model.context.evaluation, (state) => state.plan);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('train.plan')} focused={focused}>
      <StreamView model={model.plan} width={width} height={height} empty={t('evaluate.planLater')} />
    </Panel>
  );
}

function QuestionsPane({ model, rect, focused }: PaneProps): ReactNode {
  const figures = useStore(model.context.evaluation, (state) => state.figures);
  const { filter } = useStore(model.questions.store);
  const { width, height } = inside(rect);
  const metric = figures?.report.primary ?? '';
  const note = filter ? t('filter.active', { text: filter }) : metric;
  return (
    <Panel rect={rect} title={t('evaluate.questions')} note={note} focused={focused}>
      <Table
        model={model.questions}
        columns={questionColumns(figures?.report.columns ?? [], metric)}
        width={width}
        height={height}
        focused={focused}
        empty={t('evaluate.noQuestions')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

/** The question, then each column's score in the primary metric; baselines give way first. */
function questionColumns(
  columns: readonly { readonly name: string; readonly baseline: boolean }[],
  metric: string,
): readonly Column<QuestionRow>[] {
  return [
    {
      title: t('datasets.row.question'),
      min: 24,
      weight: 1,
      cell: ({ question }, { matched }) => highlighted(sanitizeLine(question), matched),
    },
    ...columns.map(
      ({ name, baseline }, i): Column<QuestionRow> => ({
        title: name,
        min: Math.min(16, Math.max(6, name.length)),
        align: 'right',
        optional: baseline ? 10 + i : i > 1 ? i : 0,
        cell: (row) => {
          const answer = row.columns[name];
          if (!answer) return '';
          const failed = answer.state === 'error' || answer.state === 'timeout';
          return failed
            ? [{ text: t(`evaluate.state.${answer.state}`), style: 'bad' }]
            : [{ text: points(answer.scores[metric]), ...(baseline ? { style: 'muted' as const } : {}) }];
        },
      }),
    ),
  ];
}
