import { keyState } from '../models/endpoint-open.ts';
import { shownUrl } from '../models/endpoint-url.ts';
import type { MemberFigures } from '../models/pool-figures.ts';
import { dialectOf } from '../models/presets.ts';
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

/** A line for each server of a pool: how it was when it was last asked, and what was asked of it within a day. */
export function poolLines(
  { url, alsoAt }: Pick<Endpoint, 'url' | 'alsoAt'>,
  asked: readonly MemberFigures[],
): string[] {
  if (!alsoAt) return [];
  return [url, ...alsoAt].map((server) => {
    const shown = shownUrl({ url: server });
    const figures = asked.find((one) => one.url === shown);
    return `  server ${shown}: ${figures ? memberText(figures) : 'not asked yet'}`;
  });
}

/** `up, 120 requests, 1 failed, 3 in work`; why it is not. */
function memberText({ state, why, requests, failures, inFlight }: MemberFigures): string {
  const parts = [
    state,
    `${requests} requests within a day`,
    failures > 0 ? `${failures} failed` : '',
    inFlight > 0 ? `${inFlight} in work` : '',
  ].filter(Boolean);
  return why ? `${parts.join(', ')}: ${why}` : parts.join(', ');
}
