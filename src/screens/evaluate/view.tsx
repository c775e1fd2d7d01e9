import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import type { Column } from '../../ui/Table.tsx';
import { doneOfTotal, type PaneProps, Panes, RunForm, RunsTable, stateColumn, TextPanel } from '../run-panes.tsx';
import { FiguresPane } from './FiguresPane.tsx';
import { canStart } from './form.ts';
import { ItemsPane } from './ItemsPane.tsx';
import type { EvaluateModel } from './model.ts';

const PANES = { runs: RunsPane, form: FormPane, plan: PlanPane, figures: FiguresPane, questions: ItemsPane };

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
    title: t('evaluate.column.tags'),
    min: 10,
    weight: 1,
    optional: 3,
    cell: ({ tags, note }) => [
      { text: tags.map((tag) => `#${sanitizeLine(tag)}`).join(' '), style: 'accent' },
      ...(note === '' ? [] : [{ text: ` ${sanitizeLine(note)}`, style: 'muted' as const }]),
    ],
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
