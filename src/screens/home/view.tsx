import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { isOver } from '../../jobs/types.ts';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import type { ScreenViewProps } from '../../ui/screen.ts';
import type { Line, Span } from '../../ui/text.ts';
import { cut, spansOf } from '../../ui/text.ts';
import { Placed } from '../Placed.tsx';
import { jobProgressLine } from '../progress.ts';
import { GuideView } from './GuideView.tsx';
import type { HomeModel } from './model.ts';
import type { NextStep } from './next-steps.ts';

/** The home screen: the guide while it is open, else what to do next beside what there is. */
export function HomeView({ model, rect, rects, focus }: ScreenViewProps & { readonly model: HomeModel }): ReactNode {
  const guiding = useStore(model.context.onboarding, (state) => state.active);
  const { guide, next, overview } = rects;
  if (guiding || guide) {
    return (
      <Placed within={rect} rect={guide ?? rect}>
        <GuideView model={model} rect={guide ?? rect} focused={focus === 'guide'} />
      </Placed>
    );
  }
  return (
    <>
      {next ? (
        <Placed within={rect} rect={next}>
          <NextView model={model} rect={next} focused={focus === 'next'} />
        </Placed>
      ) : null}
      {overview ? (
        <Placed within={rect} rect={overview}>
          <OverviewView model={model} rect={overview} />
        </Placed>
      ) : null}
    </>
  );
}

interface PartProps {
  readonly model: HomeModel;
  readonly rect: Rect;
  readonly focused?: boolean;
}

function NextView({ model, rect, focused = false }: PartProps): ReactNode {
  const { context } = model;
  // What the steps are computed from: a change of any draws them again.
  useStore(context.workspace, (state) => state.connection);
  useStore(context.models, (state) => state.list);
  useStore(context.kb, (state) => state.list);
  useStore(context.jobs, (state) => state.list);
  const { width, height } = inside(rect);
  return (
    <Panel rect={rect} title={t('home.next')} focused={focused}>
      <List
        model={model.steps}
        width={width}
        height={height}
        focused={focused}
        render={(step) => stepLine(step)}
        empty={t('home.looking')}
      />
    </Panel>
  );
}

function stepLine(step: NextStep): Line {
  const sign = { info: '→', good: '→', warn: '!', bad: '✗' }[step.tone];
  const values = { subject: step.subject, detail: step.detail };
  const note = t(`home.note.${step.kind}`, values);
  return [
    { text: `${sign} `, style: step.tone === 'info' ? 'accent' : step.tone },
    { text: t(`home.step.${step.kind}`, values), bold: true },
    { text: note ? `  ${note}` : '', style: 'muted' },
  ];
}

function OverviewView({ model, rect }: PartProps): ReactNode {
  const { context } = model;
  const workspace = useStore(context.workspace);
  const models = useStore(context.models, (state) => state.list);
  const bases = useStore(context.kb, (state) => state.list);
  const jobs = useStore(context.jobs, (state) => state.list);
  const { width, height } = inside(rect);

  const fact = (name: string, ...value: Span[]): Line => [
    { text: ` ${name}`.padEnd(2), style: 'muted' },
    { text: '  ' },
    ...value,
  ];
  const lines: Line[] = [];
  lines.push(
    fact(t('home.fact.bases'), { text: bases ? countText(bases.length) : connectionText(workspace.connection) }),
  );
  for (const base of (bases ?? []).slice(0, 6)) {
    const failed: Span[] =
      base.failed > 0 ? [{ text: ` · ${t('kb.failedCount', { count: base.failed })}`, style: 'warn' }] : [];
    lines.push([
      { text: `   ${cut(base.name, 24)} `, style: 'accent' },
      { text: t('home.baseLine', { documents: formatCount(base.documents), chunks: formatCount(base.chunks) }) },
      ...failed,
    ]);
  }
  const present = (models ?? []).filter(({ state }) => state === 'present');
  lines.push(fact(t('home.fact.models'), { text: models ? t('home.modelsPresent', { count: present.length }) : '…' }));
  for (const kind of ['embedder', 'chat', 'reranker'] as const) {
    const titles = present.filter(({ entry }) => entry.kind === kind).map(({ entry }) => entry.title);
    if (titles.length === 0) continue;
    lines.push([{ text: `   ${t(`models.kind.${kind}`)} `, style: 'muted' }, { text: titles.join(' · ') }]);
  }
  const running = (jobs ?? []).filter((job) => !isOver(job.state));
  lines.push(fact(t('home.fact.jobs'), { text: jobs ? t('home.jobsRunning', { count: running.length }) : '…' }));
  for (const job of running.slice(0, 3)) {
    lines.push([{ text: `   ${cut(job.spec.name, 28)} ` }, ...spansOf(jobProgressLine(job, Math.max(20, width - 36)))]);
  }
  const { disk } = workspace;
  lines.push(
    fact(t('home.fact.disk'), {
      text: disk ? t('home.disk', { used: formatBytes(disk.used), free: formatBytes(disk.free) }) : '…',
    }),
    fact(t('home.fact.home'), { text: workspace.home }),
    fact(t('home.fact.service'), { text: connectionText(workspace.connection) + restartText(workspace.restarts) }),
  );
  return (
    <Panel rect={rect} title={t('home.overview')}>
      <Rows lines={lines} width={width} height={height} />
    </Panel>
  );
}

const countText = (count: number): string => (count === 0 ? t('home.none') : formatCount(count));
const restartText = (restarts: number): string => (restarts > 0 ? ` · ${t('home.restarts', { count: restarts })}` : '');

function connectionText(connection: 'idle' | 'connecting' | 'ready' | 'failed'): string {
  return t(`home.connection.${connection}`);
}
