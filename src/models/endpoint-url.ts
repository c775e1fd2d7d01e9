import type { Dialect, Endpoint, Limits, Prices, Timeouts } from './types.ts';

/** An OpenAI-compatible server as we speak to it. `url` is its base, usually ending in `/v1`. */
export interface ChatEndpoint {
  readonly url: string;
  readonly key?: string | undefined;
  readonly model: string;
  /** What the user calls it; limits are kept per name. */
  readonly name?: string;
  readonly dialect?: Dialect;
  readonly limits?: Limits;
  readonly prices?: Prices;
  readonly timeouts?: Timeouts;
  /** How often a request is made again that was not answered (429, 502, 503, 504, refused); absent = never. */
  readonly retries?: number;
  /** What to do about a key that is refused: "Check the key in MY_KEY." */
  readonly keyHint?: string;
  /** A server of ours on this machine: while it is silent, `/health` tells whether it hangs. */
  readonly watched?: boolean;
  /** Several servers of the same model, asked as one; `url` and `key` are those of the first. */
  readonly pool?: PoolAddress;
  /** False: it is known not to count tokens (`/tokenize`), so it is not asked. */
  readonly tokenize?: boolean;
}

/** Where the servers of a pool are. */
export interface PoolAddress {
  readonly members: readonly { readonly url: string; readonly key?: string | undefined }[];
  /** The one to be asked, as long as it is well. */
  readonly prefer?: string;
  /** Where what was asked of each is written down for other processes; absent = nowhere. */
  readonly folder?: string;
}

/** Each server of an endpoint as one of its own; one that is no pool is its only server. Pure. */
export function endpointServers({ alsoAt = [], ...endpoint }: Endpoint): readonly Endpoint[] {
  return [endpoint, ...alsoAt.map((url) => ({ ...endpoint, url }))];
}

/** Address below the base URL (`chat/completions`). A bare host gets `/v1`; a full address pasted in is cut back. */
export function apiUrl(endpoint: Pick<ChatEndpoint, 'url'>, path: string): URL {
  const url = new URL(endpoint.url);
  url.pathname = `${basePath(url)}/${path}`;
  return url;
}

/** Address beside `/v1`, where servers keep what OpenAI does not have (`tokenize`). */
export function rootUrl(endpoint: Pick<ChatEndpoint, 'url'>, path: string): URL {
  const url = new URL(endpoint.url);
  url.pathname = `${basePath(url).replace(/\/v\d+$/, '')}/${path}`;
  return url;
}

function basePath(url: URL): string {
  const path = url.pathname.replace(/\/+$/, '').replace(/\/(chat\/completions|completions|models|embeddings)$/, '');
  return path || '/v1';
}

/** For messages: no user, password or query. */
export function shownUrl(endpoint: Pick<ChatEndpoint, 'url'>): string {
  const { origin, pathname } = new URL(endpoint.url);
  return `${origin}${pathname.replace(/\/$/, '')}`;
}

export function authHeaders(endpoint: Pick<ChatEndpoint, 'key'>): Record<string, string> {
  return endpoint.key ? { authorization: `Bearer ${endpoint.key}` } : {};
}
