import { hostOf } from '../../hosts/types.ts';
import type { JobView } from '../../jobs/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { currentVersion, type DeployedAdapter } from '../../serving/adapters/types.ts';
import { formatBytes } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted } from '../../ui/List.tsx';
import type { Column } from '../../ui/Table.tsx';
import type { StyleName } from '../../ui/theme.ts';
import { jobDuration, stateText } from '../progress.ts';
import type { DeployModel } from './model.ts';
import { type DeployRow, nameOf, type PoolServer, poolSamples, sampleOf, unansweredSince } from './rows.ts';

/** The table of servers. */
export const serverColumns = (model: DeployModel): readonly Column<DeployRow>[] => [
  {
    title: t('deploy.column.name'),
    min: 18,
    weight: 3,
    cell: (row, { matched }) => {
      const last = row.kind === 'adapter' ? row.last : row.kind === 'foreign' ? row.member?.last : undefined;
      if (last !== undefined)
        return [{ text: last ? '└ ' : '├ ', style: 'border' }, ...highlighted(sanitizeLine(nameOf(row)), matched)];
      return highlighted(sanitizeLine(nameOf(row)), matched);
    },
  },
  { title: t('deploy.column.engine'), min: 8, cell: (row) => engineText(model, row) },
  { title: t('deploy.column.state'), min: 17, weight: 2, cell: (row) => [stateCell(model, row)] },
  {
    title: t('deploy.column.up'),
    min: 7,
    optional: 2,
    align: 'right',
    cell: (row) => (row.kind === 'server' ? jobDuration(row.server.job, model.context.now()) : ''),
  },
  {
    title: t('deploy.column.memory'),
    min: 8,
    optional: 1,
    align: 'right',
    cell: (row) => (row.kind === 'adapter' ? '' : memoryCell(model, row)),
  },
  {
    title: t('deploy.column.address'),
    min: 9,
    weight: 1,
    optional: 3,
    cell: (row) => [{ text: row.kind === 'adapter' ? '' : addressText(row), style: 'muted' }],
  },
];

function engineText({ context }: DeployModel, row: DeployRow): string {
  if (row.kind === 'adapter') return 'LoRA';
  if (row.kind === 'server') {
    const { engine, launcher } = row.server.work;
    return launcher === undefined ? t(`deploy.engine.short.${engine}`) : t('deploy.on', { host: hostOf(launcher) });
  }
  return sampleOf(context.deploy.getState(), row)?.engine || t(row.hosted ? 'deploy.hosted' : 'deploy.foreign');
}

const STATES: Readonly<Record<JobView['state'], StyleName>> = {
  queued: 'muted',
  starting: 'accent',
  running: 'good',
  stopping: 'warn',
  succeeded: 'muted',
  failed: 'bad',
  stopped: 'muted',
  lost: 'bad',
};

function stateCell({ context }: DeployModel, row: DeployRow): { text: string; style: StyleName } {
  const sample = sampleOf(context.deploy.getState(), row);
  const since = unansweredSince(sample, context.now());
  if (row.kind === 'adapter') return versionCell(row.adapter);
  if (row.kind === 'server' && row.server.asleep) return { text: t('deploy.state.asleep'), style: 'muted' };
  if (since !== null || (row.kind === 'server' && isSilent(row.server.job)))
    return { text: t('deploy.state.unanswered'), style: 'bad' };
  if (row.kind === 'foreign') {
    if (row.endpoint.alsoAt) return poolCell(poolSamples(context.deploy.getState(), row));
    if (row.hosted) return { text: t('deploy.state.unwatched'), style: 'muted' };
    if (!sample) return { text: '…', style: 'muted' };
    if (sample.state === 'unreachable' || sample.state === 'slow')
      return { text: t(`metrics.state.${sample.state}`), style: 'warn' };
    if (sample.asked?.state === 'down') return { text: t('deploy.pool.down'), style: 'bad' };
    return { text: t('deploy.state.answers'), style: 'good' };
  }
  const { state, progress } = row.server.job;
  const phase = state === 'starting' && progress?.phase ? `: ${sanitizeLine(progress.phase)}` : '';
  return {
    text: `${state === 'succeeded' ? t('deploy.state.ended') : stateText(state)}${phase}`,
    style: STATES[state],
  };
}

/** How many servers of a pool answer. */
function poolCell(servers: readonly PoolServer[]): { text: string; style: StyleName } {
  const known = servers.flatMap(({ sample }) => sample ?? []);
  if (known.length === 0) return { text: t('deploy.pool.servers', { count: servers.length }), style: 'muted' };
  const well = known.filter(
    ({ state, asked }) => state !== 'unreachable' && state !== 'slow' && asked?.state !== 'down',
  );
  const text = t('deploy.pool.answer', { count: well.length, all: servers.length });
  return { text, style: well.length === servers.length ? 'good' : well.length === 0 ? 'bad' : 'warn' };
}

/** What its supervisor says, who looks as long as it runs, also while nobody looks from here. */
const isSilent = ({ state, reason }: JobView): boolean =>
  state === 'running' && /^has not answered since|^\S+ unreachable since/.test(reason);

/** `v2 ✓`, `v1 ! does nothing`: the version its name means, and what its check found. */
function versionCell(adapter: DeployedAdapter): { text: string; style: StyleName } {
  const now = currentVersion(adapter);
  if (!now) return { text: '', style: 'muted' };
  const version = `v${now.version}${adapter.versions.length > 1 ? `/${adapter.versions.length}` : ''}`;
  if (now.state !== 'loaded') return { text: `${version} ${t(`deploy.version.${now.state}`)}`, style: 'accent' };
  if (now.effect?.state === 'nothing') return { text: `${version} ! ${t('deploy.effect.nothing')}`, style: 'bad' };
  if (now.template?.state === 'differs') return { text: `${version} ! ${t('deploy.template.differs')}`, style: 'warn' };
  return { text: `${version}${now.effect?.state === 'works' ? ' ✓' : ''}`, style: 'good' };
}

/** Of the process and its children, or what they hold on the GPU where that is told. */
function memoryCell({ context }: DeployModel, row: DeployRow): string {
  // What a server on another host has is not seen from here; its processes here only lead there.
  if (row.kind !== 'foreign' && row.server.work.launcher !== undefined) return '';
  const sample = sampleOf(context.deploy.getState(), row);
  const held = sample?.gpuMemory ?? sample?.processes?.memory;
  return held === undefined || held === null ? '' : formatBytes(held);
}

function addressText(row: DeployRow): string {
  if (row.kind === 'foreign') return row.endpoint.alsoAt ? '' : row.endpoint.url;
  return row.kind === 'server' ? (row.server.job.endpoint?.url ?? '').replace('http://127.0.0.1', '') : '';
}
