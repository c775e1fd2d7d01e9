import {
  addressOf,
  type ChatTarget,
  type DeployState,
  type OwnServer,
  sampleKey,
} from '../../../stores/deploy-types.ts';
import { isOver } from '../../jobs/types.ts';
import { endpointServers } from '../../models/endpoint-url.ts';
import type { Endpoint } from '../../models/types.ts';
import type { DeployedAdapter } from '../../serving/adapters/types.ts';
import { isHostedService } from '../../serving/hosted.ts';
import type { ServerSample } from '../../serving/metrics-types.ts';

/** A row of the tree of servers: a server, or an adapter on the one above it. */
export type DeployRow =
  | { readonly kind: 'server'; readonly key: string; readonly server: OwnServer }
  | {
      readonly kind: 'adapter';
      readonly key: string;
      readonly server: OwnServer;
      readonly adapter: DeployedAdapter;
      readonly last: boolean;
    }
  | {
      readonly kind: 'foreign';
      readonly key: string;
      readonly endpoint: Endpoint;
      readonly hosted: boolean;
      /** One server of the pool above it; `endpoint` is that server alone. */
      readonly member?: { readonly last: boolean };
    };

/** Servers with their adapters below them, then what the user attached. Pure. */
export function deployRows(servers: readonly OwnServer[], endpoints: readonly Endpoint[]): readonly DeployRow[] {
  const ours = [...servers].sort((a, b) => Number(isOver(a.job.state)) - Number(isOver(b.job.state)));
  return [
    ...ours.flatMap((server): DeployRow[] => {
      const { id } = server.job.spec;
      const adapters = isOver(server.job.state) ? [] : server.adapters;
      return [
        { kind: 'server', key: id, server },
        ...adapters.map(
          (adapter, at): DeployRow => ({
            kind: 'adapter',
            key: `${id}/${adapter.name}`,
            server,
            adapter,
            last: at === adapters.length - 1,
          }),
        ),
      ];
    }),
    ...endpoints.flatMap(foreignRows),
  ];
}

/** An endpoint, and below a pool its servers. */
function foreignRows(endpoint: Endpoint): readonly DeployRow[] {
  const key = `endpoint ${endpoint.name}`;
  const hosted = isHostedService(endpoint);
  const servers = endpointServers(endpoint);
  const pool: DeployRow = { kind: 'foreign', key, endpoint, hosted };
  if (servers.length === 1) return [pool];
  return [
    pool,
    ...servers.map(
      (server, at): DeployRow => ({
        kind: 'foreign',
        key: `${key} ${server.url}`,
        endpoint: server,
        hosted,
        member: { last: at === servers.length - 1 },
      }),
    ),
  ];
}

/** What is known of the servers of a pool, in their order; a row that is no pool has none. Pure. */
export function poolSamples({ sample }: Pick<DeployState, 'sample'>, row: DeployRow): readonly PoolServer[] {
  if (row.kind !== 'foreign' || !row.endpoint.alsoAt) return [];
  return endpointServers(row.endpoint).map(({ url }) => ({
    url: addressOf(url),
    sample: sample?.servers.find((server) => sampleKey(server) === addressOf(url)),
  }));
}

export interface PoolServer {
  readonly url: string;
  readonly sample: ServerSample | undefined;
}

/** What is known of the server of a row now. Pure. */
export function sampleOf({ sample }: Pick<DeployState, 'sample'>, row: DeployRow): ServerSample | undefined {
  const key = row.kind === 'foreign' ? addressOf(row.endpoint.url) : row.server.job.spec.id;
  return sample?.servers.find((server) => sampleKey(server) === key);
}

/** What the history and the tally of a row's server are kept under. Pure. */
export const serverKeyOf = (row: DeployRow): string =>
  row.kind === 'foreign' ? addressOf(row.endpoint.url) : row.server.job.spec.id;

/** What this row is reached as; undefined while it does not run. Pure. */
export function targetOf(row: DeployRow): ChatTarget | undefined {
  if (row.kind === 'foreign') return { kind: 'foreign', endpoint: row.endpoint };
  const { job, work, asleep } = row.server;
  if (job.state !== 'running' || asleep) return undefined;
  return { kind: 'own', job: job.spec.id, model: row.kind === 'adapter' ? row.adapter.name : work.model };
}

/** Whether it answers prompts, not only makes vectors. Pure. */
export const isChat = (row: DeployRow): boolean =>
  row.kind === 'foreign' ? row.endpoint.kind === 'chat' : row.server.work.runner === undefined;

/** Who a prompt to this row asks; undefined while it cannot be asked. Pure. */
export const chatTargetOf = (row: DeployRow): ChatTarget | undefined => (isChat(row) ? targetOf(row) : undefined);

/** The name a row is asked by. Pure. */
export const nameOf = (row: DeployRow): string =>
  row.kind === 'foreign'
    ? row.member
      ? new URL(row.endpoint.url).host
      : row.endpoint.name
    : row.kind === 'adapter'
      ? row.adapter.name
      : row.server.work.model;

/** A server counts as silent after so long without an answer, ms. */
export const UNANSWERED_MS = 10_000;

/** Since when a server does not answer, ms since 1970; null = it does, or it is too early to say. Pure. */
export function unansweredSince(sample: ServerSample | undefined, now: number): number | null {
  if (!sample || (sample.state !== 'unreachable' && sample.state !== 'slow')) return null;
  const since = sample.answeredAt ?? sample.watchedAt;
  return now - since >= UNANSWERED_MS ? since : null;
}
