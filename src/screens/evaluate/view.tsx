import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { QuestionRow } from '../../evaluation/figures.ts';
import type { JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { inside } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import { doneOfTotal, type PaneProps, Panes, RunForm, RunsTable, stateColumn, TextPanel } from '../run-panes.tsx';
import { FiguresPane } from './FiguresPane.tsx';
import { canStart } from './form.ts';
import type { EvaluateModel } from './model.ts';
import { points } from './texts.ts';

const PANES = { runs: RunsPane, form: FormPane, plan: PlanPane, figures: FiguresPane, questions: QuestionsPane };

export function EvaluateView(props: ScreenViewProps & { readonly model: EvaluateModel }): ReactNode {
  return <Panes panes={PANES} {...props} />;
}

function RunsPane({ model, ...place }: PaneProps<EvaluateModel>): ReactNode {
  const { context, runs } = model;
  return (
    <RunsTable
      {...{ context, runs, ...place }}
      columns={runColumns()}
      title={t('evaluate.runs')}
      empty={t('evaluate.empty')}
    />
  );
}

const columnNames = ({ spec: { work } }: JobView): string =>
  work.kind === 'evaluate' ? work.columns.map(({ name }) => name).join(' · ') : '';
const dataOf = ({ spec: { work } }: JobView): string =>
  work.kind === 'evaluate' ? `${work.dataset} ${work.split}` : '';

const runColumns = (): readonly Column<JobView>[] => [
  { title: t('evaluate.column.columns'), min: 18, weight: 2, cell: (job) => sanitizeLine(columnNames(job)) },
  { title: t('evaluate.column.data'), min: 16, weight: 1, optional: 1, cell: (job) => sanitizeLine(dataOf(job)) },
  stateColumn(),
  {
    title: t('evaluate.column.items'),
    min: 9,
    align: 'right',
    cell: doneOfTotal,
  },
  {
    title: t('jobs.column.started'),
    min: 16,
    optional: 2,
    cell: ({ startedAt }) => (startedAt ? formatTime(startedAt) : ''),
  },
];

function FormPane({ model, ...place }: PaneProps<EvaluateModel>): ReactNode {
  useStore(model.context.evaluation);
  useStore(model.context.datasets, (state) => state.list);
  const ready = canStart(model.context) === true;
  return <RunForm fields={model.fields} title={t('evaluate.form')} ready={ready} {...place} />;
}

function PlanPane({ model, ...place }: PaneProps<EvaluateModel>): ReactNode {
  useStore(model.context.evaluation, (state) => state.plan);
  return <TextPanel text={model.plan} title={t('train.plan')} empty={t('evaluate.planLater')} {...place} />;
}

function QuestionsPane({ model, rect, focused }: PaneProps<EvaluateModel>): ReactNode {
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
