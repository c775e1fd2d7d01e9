import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { hostOf } from '../../hosts/types.ts';
import type { StopStep } from '../../jobs/control.ts';
import { isOver } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { currentVersion, type DeployedAdapter } from '../../serving/adapters/types.ts';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty } from '../../ui/List.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { Table } from '../../ui/Table.tsx';
import type { Line } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { stateText } from '../progress.ts';
import { type PaneProps, Panes, RunForm, TextPanel } from '../run-panes.tsx';
import { BenchPane } from './BenchPane.tsx';
import { serverColumns } from './columns.ts';
import { canStart } from './form.ts';
import { factLines, figureLines, otherFigures, silenceLine, tallyLines } from './live-lines.ts';
import { machinePanel } from './machine-lines.ts';
import type { DeployModel } from './model.ts';
import { askedServerLines, poolServerLines } from './pool-lines.ts';
import { type DeployRow, nameOf, poolSamples, sampleOf, serverKeyOf, unansweredSince } from './rows.ts';

/** Rows that explain what the cursor of the form stands on. */
const ABOUT_ROWS = 4;
const NO_STEPS: readonly StopStep[] = [];
const PANES = {
  servers: ServersPane,
  live: LivePane,
  machine: MachinePane,
  log: LogPane,
  chat: ChatPane,
  bench: BenchPane,
  form: FormPane,
  plan: PlanPane,
};

export function DeployView(props: ScreenViewProps & { readonly model: DeployModel }): ReactNode {
  return <Panes panes={PANES} {...props} />;
}

function ServersPane({ model, rect, focused }: PaneProps<DeployModel>): ReactNode {
  const { context, rows } = model;
  const servers = useStore(context.deploy, (state) => state.servers);
  const busy = useStore(context.deploy, (state) => state.busy);
  useStore(context.deploy, (state) => state.sample);
  useStore(context.models, (state) => state.endpoints);
  const { filter } = useStore(rows.store);
  const { width, height } = inside(rect);
  const note = busy ? `${busy} …` : filter ? t('filter.active', { text: filter }) : '';
  return (
    <Panel rect={rect} title={t('deploy.servers')} note={note} focused={focused}>
      <Table
        model={rows}
        columns={serverColumns(model)}
        width={width}
        height={height}
        focused={focused}
        empty={servers ? t('deploy.empty') : t('home.looking')}
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}

function LivePane({ model, rect, focused }: PaneProps<DeployModel>): ReactNode {
  const { context, rows } = model;
  useStore(rows.store);
  const state = useStore(context.deploy);
  const stopping = useStore(context.jobs, (jobs) => jobs.stopping);
  const { width, height } = inside(rect);
  const row = rows.selected();
  if (!row) {
    return (
      <Panel rect={rect} title={t('deploy.live')} focused={focused}>
        <Empty text={t('deploy.liveEmpty')} width={width} height={height} />
      </Panel>
    );
  }
  const lines = [...headLines(model, row, stopping, width), ...numbers(model, row, width)];
  const shown = lines.length > height ? [...lines.slice(0, height - 1), more(lines.length - height + 1)] : lines;
  return (
    <Panel
      rect={rect}
      title={sanitizeLine(nameOf(row))}
      note={state.blind ? t('deploy.blind') : t('deploy.quarter')}
      focused={focused}
    >
      <Rows lines={shown} width={width} height={height} />
    </Panel>
  );
}

const more = (count: number): Line => [{ text: ` ${t('metrics.more', { count })}`, style: 'muted' }];

/** Where it is, what is done to it, why it failed. */
function headLines(
  model: DeployModel,
  row: DeployRow,
  stopping: Readonly<Record<string, readonly StopStep[]>>,
  width: number,
): readonly Line[] {
  const wrapped = (text: string, style: StyleName, most = 3): Line[] =>
    wrapRows(sanitizeLine(text), Math.max(2, width - 2))
      .slice(0, most)
      .map((line): Line => [{ text: ` ${line}`, style }]);
  const { blind } = model.context.deploy.getState();
  const lines: Line[] = blind ? wrapped(t('metrics.failed', { reason: blind }), 'bad') : [];
  if (row.kind === 'foreign') {
    const { url, model: name, alsoAt } = row.endpoint;
    if (alsoAt) return [...lines, ...wrapped(`${name} · ${t('deploy.pool.one')} · ${t('deploy.notOurs')}`, 'muted')];
    return [...lines, ...wrapped(`${name} · ${url} · ${t('deploy.notOurs')}`, 'muted')];
  }
  const { job, work } = row.server;
  if (row.kind === 'adapter') lines.push(...checkLines(row.adapter, width));
  for (const { step, graceSeconds } of stopping[job.spec.id] ?? NO_STEPS) {
    lines.push(...wrapped(`■ ${t(`jobs.stop.${step}`, { seconds: graceSeconds })}`, 'warn'));
  }
  if (job.error) return [...lines, ...wrapped(`✗ ${job.error.message} ${job.error.hint}`, 'bad', 5)];
  if (isOver(job.state)) return [...lines, ...wrapped(`${stateText(job.state)} ${job.reason}`.trim(), 'muted')];
  // Of one that runs: it hangs, or its supervisor was killed.
  if (job.state === 'running' && job.reason) lines.push(...wrapped(`! ${job.reason}`, 'bad'));
  const started = job.startedAt ? formatTime(job.startedAt) : '';
  const facts = [
    job.endpoint?.url ?? t('deploy.noAddress'),
    ...(work.launcher === undefined ? [] : [t('deploy.on', { host: hostOf(work.launcher) })]),
    t('deploy.contextTokens', { tokens: work.contextTokens }),
    ...(started ? [t('deploy.since', { time: started })] : []),
  ];
  lines.push(...wrapped(facts.join(' · '), 'muted', 2));
  if (job.state === 'starting' && job.progress) {
    const { phase, done, total } = job.progress;
    lines.push(...wrapped(`${phase} (${done}/${total})`, 'accent'));
  }
  return lines;
}

/** What was found out about the current version of an adapter. */
function checkLines(adapter: DeployedAdapter, width: number): Line[] {
  const now = currentVersion(adapter);
  if (!now) return [];
  const { effect, template } = now;
  const facts = [
    t('deploy.version', { served: now.served, versions: adapter.versions.map(({ version }) => version).join(', ') }),
    effect === null
      ? t('deploy.effect.checking')
      : effect.state === 'works'
        ? effect.largest === null
          ? t('deploy.effect.worksPlain')
          : t('deploy.effect.works', { largest: effect.largest.toFixed(2) })
        : effect.state === 'nothing'
          ? t('deploy.effect.nothing')
          : t('deploy.effect.unknown', { why: effect.why }),
    ...(template ? [t(`deploy.template.${template.state}`)] : []),
  ];
  const bad = effect?.state === 'nothing' || template?.state === 'differs';
  return wrapRows(sanitizeLine(facts.join(' · ')), Math.max(2, width - 2)).map(
    (line): Line => [{ text: ` ${line}`, style: bad ? 'warn' : 'muted' }],
  );
}

function numbers({ context }: DeployModel, row: DeployRow, width: number): readonly Line[] {
  const { deploy } = context;
  const { history, tally } = deploy.getState();
  const sample = sampleOf(deploy.getState(), row);
  const key = serverKeyOf(row);
  const names =
    row.kind === 'foreign'
      ? [row.endpoint.name]
      : [row.server.work.model, ...row.server.adapters.map(({ name }) => name)];
  const own = tallyLines(tally, key, names, width);
  const now = context.now();
  const servers = poolSamples(deploy.getState(), row);
  if (servers.length > 0) return [...servers.flatMap((one) => poolServerLines(one, width, now)), ...own];
  if (row.kind === 'foreign' && row.hosted) return own;
  if (!sample) {
    const over = row.kind !== 'foreign' && isOver(row.server.job.state);
    return over ? own : [[{ text: ` ${t('metrics.notYet')}`, style: 'muted' }], ...own];
  }
  const { figures } = sample;
  const since = unansweredSince(sample, now);
  return [
    ...(sample.restarted ? [[{ text: ` ! ${t('metrics.restarted')}`, style: 'warn' as const }]] : []),
    ...(figures
      ? [...figureLines(figures, history.get(key), width, now), ...otherFigures(figures, width)]
      : [silenceLine(sample, since)]),
    ...factLines(sample, width),
    // Its figures stand above.
    ...askedServerLines(sample, width, now),
    ...own,
  ];
}

function MachinePane({ model, rect, focused }: PaneProps<DeployModel>): ReactNode {
  const { sample, machine } = useStore(model.context.deploy);
  const { width, height } = inside(rect);
  const lines = sample
    ? machinePanel(sample, machine, width, model.context.now(), model.context.jobs.getState().list ?? [])
    : [[{ text: ` ${t('metrics.notYet')}`, style: 'muted' as const }]];
  const shown = lines.length > height ? [...lines.slice(0, height - 1), more(lines.length - height + 1)] : lines;
  return (
    <Panel rect={rect} title={t('deploy.machine')} focused={focused}>
      <Rows lines={shown} width={width} height={height} />
    </Panel>
  );
}

function LogPane({ model, rect, focused }: PaneProps<DeployModel>): ReactNode {
  useStore(model.context.jobs, (state) => state.logVersion);
  useStore(model.rows.store);
  const row = model.rows.selected();
  const { width, height } = inside(rect);
  const search = model.search();
  const empty = search
    ? t('jobs.noMatch', { text: search })
    : row?.kind === 'foreign'
      ? t('deploy.noForeignLog')
      : t('jobs.noLog');
  return (
    <Panel
      rect={rect}
      title={t('jobs.log')}
      note={search ? t('filter.active', { text: search }) : ''}
      focused={focused}
    >
      <StreamView model={model.log} width={width} height={height} empty={empty} />
    </Panel>
  );
}

function ChatPane({ model, ...place }: PaneProps<DeployModel>): ReactNode {
  useStore(model.context.deploy, (state) => state.chatVersion);
  return <TextPanel text={model.chat} title={t('deploy.chat')} empty={t('deploy.chat.empty')} {...place} />;
}

function FormPane({ model, ...place }: PaneProps<DeployModel>): ReactNode {
  useStore(model.context.deploy, (state) => state.form);
  useStore(model.context.deploy, (state) => state.plan);
  useStore(model.context.deploy, (state) => state.planning);
  useStore(model.context.deploy, (state) => state.hosts);
  const ready = canStart(model.context) === true;
  return <RunForm fields={model.fields} title={t('deploy.form')} ready={ready} aboutRows={ABOUT_ROWS} {...place} />;
}

function PlanPane({ model, ...place }: PaneProps<DeployModel>): ReactNode {
  useStore(model.context.deploy, (state) => state.plan);
  useStore(model.context.deploy, (state) => state.planning);
  return <TextPanel text={model.plan} title={t('train.plan')} empty={t('deploy.planLater')} {...place} />;
}
