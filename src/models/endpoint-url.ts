import type { Dialect, Limits, Prices, Timeouts } from './types.ts';

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
  /** False: it is known not to count tokens (`/tokenize`), so it is not asked. */
  readonly tokenize?: boolean;
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
