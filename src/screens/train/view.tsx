import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { EngineStatus } from '../../engines/types.ts';
import { isOver, type JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { type Column, Table } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import { fieldLine } from '../form.ts';
import { Placed } from '../Placed.tsx';
import { jobDuration, stateText } from '../progress.ts';
import { canStart } from './form.ts';
import { LivePane } from './LivePane.tsx';
import type { TrainModel } from './model.ts';

export function TrainView({ model, rect, rects, focus }: ScreenViewProps & { readonly model: TrainModel }): ReactNode {
  const panes = { runs: RunsPane, engines: EnginesPane, form: FormPane, plan: PlanPane, live: LivePane, log: LogPane };
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
  readonly model: TrainModel;
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
      title={t('train.runs')}
      note={filter ? t('filter.active', { text: filter }) : ''}
      focused={focused}
    >
      <Table
        model={model.runs}
        columns={runColumns(model.context.now())}
        width={width}
        height={height}
        focused={focused}
        empty={list ? t('train.empty') : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

const runColumns = (now: number): readonly Column<JobView>[] => [
  {
    title: t('train.column.name'),
    min: 14,
    weight: 1,
    cell: ({ spec }, { matched }) => highlighted(sanitizeLine(spec.name), matched),
  },
  {
    title: t('train.column.kind'),
    min: 8,
    optional: 2,
    cell: ({ spec }) => t(spec.work.kind === 'train-embedder' ? 'train.kind.embedder' : 'train.kind.llm'),
  },
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
    title: t('train.column.steps'),
    min: 9,
    align: 'right',
    optional: 1,
    cell: ({ progress }) => (progress && progress.total > 0 ? `${progress.done}/${progress.total}` : ''),
  },
  {
    title: t('jobs.column.took'),
    min: 7,
    optional: 3,
    align: 'right',
    cell: (job) => (isOver(job.state) ? jobDuration(job, now) : ''),
  },
];

function EnginesPane({ model, rect, focused }: PaneProps): ReactNode {
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

function FormPane({ model, rect, focused }: PaneProps): ReactNode {
  useStore(model.context.training, (state) => state.form);
  useStore(model.context.training, (state) => state.plan);
  useStore(model.context.datasets, (state) => state.list);
  const { width, height } = inside(rect);
  const ready = canStart(model.context) === true;
  return (
    <Panel rect={rect} title={t('train.form')} note={ready ? t('train.ready') : ''} focused={focused}>
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
  useStore(model.context.training, (state) => state.plan);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('train.plan')} focused={focused}>
      <StreamView model={model.plan} width={width} height={height} empty={t('train.planLater')} />
    </Panel>
  );
}

function LogPane({ model, rect, focused }: PaneProps): ReactNode {
  useStore(model.context.jobs, (state) => state.logVersion);
  useStore(model.context.training, (state) => state.watched);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('jobs.log')} focused={focused}>
      <StreamView model={model.log} width={width} height={height} empty={t('jobs.noLog')} />
    </Panel>
  );
}
