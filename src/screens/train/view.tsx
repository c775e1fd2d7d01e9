import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { EngineStatus } from '../../engines/types.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { inside } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import type { Column } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import { jobDuration, jobName, stateText } from '../progress.ts';
import { doneOfTotal, type PaneProps, Panes, RunForm, RunsTable, stateColumn, TextPanel } from '../run-panes.tsx';
import { canStart } from './form.ts';
import { FactsPane, LivePane, LivePaneBesideFacts } from './LivePane.tsx';
import type { TrainModel } from './model.ts';

const PANES = {
  runs: RunsPane,
  engines: EnginesPane,
  form: FormPane,
  plan: PlanPane,
  forecast: ForecastPane,
  live: LivePane,
  facts: FactsPane,
  log: LogPane,
};
const WIDE_PANES = { ...PANES, live: LivePaneBesideFacts };

export function TrainView(props: ScreenViewProps & { readonly model: TrainModel }): ReactNode {
  return <Panes panes={props.rects['facts'] ? WIDE_PANES : PANES} {...props} />;
}

function RunsPane({ model, ...place }: PaneProps<TrainModel>): ReactNode {
  const { context, runs } = model;
  return (
    <RunsTable
      {...{ context, runs, ...place }}
      columns={runColumns(context.now())}
      title={t('train.runs')}
      empty={t('train.empty')}
    />
  );
}

const runColumns = (now: number): readonly Column<JobView>[] => [
  {
    title: t('train.column.name'),
    min: 14,
    weight: 1,
    cell: jobName,
  },
  {
    title: t('train.column.kind'),
    min: 8,
    optional: 2,
    cell: ({ spec }) => t(spec.work.kind === 'train-embedder' ? 'train.kind.embedder' : 'train.kind.llm'),
  },
  stateColumn(),
  {
    title: t('train.column.steps'),
    min: 9,
    align: 'right',
    optional: 1,
    cell: doneOfTotal,
  },
  {
    title: t('jobs.column.took'),
    min: 7,
    optional: 3,
    align: 'right',
    cell: (job) => (isOver(job.state) ? jobDuration(job, now) : ''),
  },
];

function EnginesPane({ model, rect, focused }: PaneProps<TrainModel>): ReactNode {
  useStore(model.context.training, (state) => state.engines);
  const jobs = useStore(model.context.jobs, (state) => state.list);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('train.engines')} focused={focused}>
      <List
        model={model.engines}
        width={width}
        height={height}
        focused={focused}
        render={(engine) => engineLine(engine, jobs ?? [])}
        empty={t('home.looking')}
      />
    </Panel>
  );
}

/** `LLaMA-Factory 0.9.5  ✓ cpu`, `vLLM 0.32.0  – needs 5.2 GB`, or how far its install is. */
function engineLine({ definition, state, manifest }: EngineStatus, jobs: readonly JobView[]): Line {
  const name = { text: `${definition.title.padEnd(19)} ` };
  const job = jobs.find(
    ({ spec, state: now }) =>
      spec.work.kind === 'engine-install' && spec.work.engine === definition.name && !isOver(now),
  );
  if (job) {
    const { done = 0, total = 0, phase = '' } = job.progress ?? {};
    return [name, { text: `↓ ${total > 0 ? `${done}/${total}` : phase || stateText(job.state)}`, style: 'accent' }];
  }
  if (manifest) {
    const text = `✓ ${manifest.device}`;
    return [name, { text: state === 'outdated' ? `${text} · ${t('train.outdated')}` : text, style: 'good' }];
  }
  const need = t('train.needs', { size: formatBytes(definition.diskBytes) });
  return [name, { text: `– ${state === 'partial' ? `${t('train.partial')} · ` : ''}${need}`, style: 'muted' }];
}

/** Rows that explain what the cursor stands on. */
const ABOUT_ROWS = 5;

function FormPane({ model, ...place }: PaneProps<TrainModel>): ReactNode {
  useStore(model.context.training, (state) => state.form);
  useStore(model.context.training, (state) => state.plan);
  useStore(model.context.datasets, (state) => state.list);
  const ready = canStart(model.context) === true;
  return <RunForm fields={model.fields} title={t('train.form')} ready={ready} aboutRows={ABOUT_ROWS} {...place} />;
}

function PlanPane({ model, ...place }: PaneProps<TrainModel>): ReactNode {
  useStore(model.context.training, (state) => state.plan);
  return <TextPanel text={model.plan} title={t('train.plan')} empty={t('train.planLater')} {...place} />;
}

function ForecastPane({ model, ...place }: PaneProps<TrainModel>): ReactNode {
  useStore(model.context.training, (state) => state.plan);
  useStore(model.context.training, (state) => state.counting);
  useStore(model.context.training, (state) => state.measuring);
  return <TextPanel text={model.forecast} title={t('train.forecast')} empty={t('train.planLater')} {...place} />;
}

function LogPane({ model, ...place }: PaneProps<TrainModel>): ReactNode {
  useStore(model.context.jobs, (state) => state.logVersion);
  useStore(model.context.training, (state) => state.watched);
  return <TextPanel text={model.log} title={t('jobs.log')} empty={t('jobs.noLog')} {...place} />;
}
