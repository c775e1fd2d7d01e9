import { keyState } from '../models/endpoint-open.ts';
import { shownUrl } from '../models/endpoint-url.ts';
import type { MemberFigures } from '../models/pool-figures.ts';
import { dialectOf } from '../models/presets.ts';
import type { ServerCanary } from '../models/server-canary.ts';
import type { Dialect, Endpoint } from '../models/types.ts';

/** What `models list|show|add|set` say of an endpoint: where its key is and whether, never the key. */
export interface EndpointView extends Endpoint {
  /** Its own, its preset's, or the common one. */
  readonly dialect: Dialect;
  readonly key: {
    /** `none`: it needs none; `unreadable`: the file or the keyring cannot be read. */
    readonly state: 'none' | 'set' | 'missing' | 'unreadable';
    /** `env:VARIABLE`, `file`, `keyring`; null without a key. */
    readonly from: string | null;
  };
}

export async function endpointView(endpoint: Endpoint, env: NodeJS.ProcessEnv): Promise<EndpointView> {
  const from = endpoint.keyEnv ? `env:${endpoint.keyEnv}` : (endpoint.keyStore ?? null);
  return { ...endpoint, dialect: dialectOf(endpoint), key: { state: await keyState(endpoint, env), from } };
}

/** `set (env:MY_KEY)`, `MISSING (file)`, `-`. */
export function shownKey({ key: { state, from } }: EndpointView): string {
  return from === null ? '-' : `${state === 'set' ? state : state.toUpperCase()} (${from})`;
}

/** `1.5/6 USD`: per million tokens in and out. */
export function shownPrices({ prices }: Pick<Endpoint, 'prices'>): string {
  return prices ? `${prices.input}/${prices.output} ${prices.currency}` : '-';
}

/** `2 at a time, 60/min`. */
export function shownLimits({ limits }: Pick<Endpoint, 'limits'>): string {
  const { concurrency, requestsPerMinute, tokensPerMinute } = limits ?? {};
  const parts = [
    concurrency === undefined ? '' : `${concurrency} at a time`,
    requestsPerMinute === undefined ? '' : `${requestsPerMinute}/min`,
    tokensPerMinute === undefined ? '' : `${tokensPerMinute} tokens/min`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : '-';
}

/** Everything that is known of an endpoint, a line each. */
export function endpointLines(view: EndpointView): string[] {
  const { connect, firstByte, stall } = view.timeouts ?? {};
  const seconds = [
    connect === undefined ? '' : `connect ${connect} s`,
    firstByte === undefined ? '' : `first byte ${firstByte} s`,
    stall === undefined ? '' : `stall ${stall} s`,
  ].filter(Boolean);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['kind', view.kind],
    ['url', [view.url, ...(view.alsoAt ?? [])].join(', ')],
    ['model', view.model],
    ['preset', view.preset],
    ['key', shownKey(view)],
    ['context', view.contextTokens === undefined ? undefined : `${view.contextTokens} tokens`],
    ['prices', view.prices && `${shownPrices(view)} per million tokens in/out${cachedPrice(view)}`],
    ['limits', view.limits && `${shownLimits(view)}, within each process`],
    ['timeouts', seconds.join(', ') || undefined],
    ['not sent', view.dialect.omit.join(', ') || undefined],
    ['length field', view.dialect.maxTokensField],
    ['query instruction', view.queryInstruction],
  ];
  return [view.name, ...facts.flatMap(([name, value]) => (value ? [`  ${name}: ${value}`] : []))];
}

const cachedPrice = ({ prices }: Endpoint): string =>
  prices?.cachedInput === undefined ? '' : `, ${prices.cachedInput} for cached prompt tokens`;

/** What is written down of a server of an endpoint. */
export interface KnownServer extends Partial<Omit<MemberFigures, 'url'>> {
  readonly url: string;
  readonly canary?: ServerCanary;
}

/** Each server of a pool with what was asked of it and seen of its vectors; of an embedder alone what was seen, if anything was. Pure. */
export function knownServers(
  { url, alsoAt, kind }: Pick<Endpoint, 'url' | 'alsoAt' | 'kind'>,
  asked: readonly MemberFigures[],
  canaries: readonly ServerCanary[],
): readonly KnownServer[] {
  if (!alsoAt && kind === 'chat') return [];
  const servers = [url, ...(alsoAt ?? [])].map((server) => {
    const shown = shownUrl({ url: server });
    const canary = canaries.find((one) => one.url === shown);
    return { ...asked.find((one) => one.url === shown), url: shown, ...(canary ? { canary } : {}) };
  });
  return alsoAt ? servers : servers.filter(({ canary }) => canary);
}

/** A line for each: how it was when it was last asked, what was asked of it within a day, whether its vectors are the promised ones. Pure. */
export const serverLines = (servers: readonly KnownServer[], now: number): string[] =>
  servers.map((server) => `  server ${server.url}: ${serverText(server, servers.length > 1, now)}`);

/** `up, 120 requests within a day, 1 failed, 3 in work, asked 4 s ago`; why it is not. Pure. */
export function askedText(
  { state, why, since, askedAt, requests, failures, inFlight }: KnownServer,
  now: number,
): string {
  if (!state || !requests) return '';
  const parts = [
    state !== 'up' && since ? `${state} since ${clock(since)}` : state,
    `${requests} requests within a day`,
    failures ? `${failures} failed` : '',
    inFlight ? `${inFlight} in work` : '',
    askedAt ? `asked ${secondsAgo(askedAt, now)}` : '',
  ].filter(Boolean);
  return why ? `${parts.join(', ')}: ${why}` : parts.join(', ');
}

/** `vectors as promised 40 s ago (cosine 1.0000)`. Pure. */
export function canaryText({ kept, cosine, at }: ServerCanary, now: number): string {
  return `${kept ? 'vectors as promised' : 'OTHER VECTORS'} ${secondsAgo(at, now)} (cosine ${cosine.toFixed(4)})`;
}

/** What is asked of a server alone nobody counts. */
function serverText(server: KnownServer, isOfPool: boolean, now: number): string {
  const asked = askedText(server, now) || (isOfPool ? 'not asked within a day' : '');
  const vectors = server.canary ? canaryText(server.canary, now) : '';
  return [asked, vectors].filter(Boolean).join('; ');
}

const secondsAgo = (at: number, now: number): string => `${Math.max(0, Math.round((now - at) / 1000))} s ago`;
const clock = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
