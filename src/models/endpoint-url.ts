/** An OpenAI-compatible chat server as we speak to it. `url` is its base, usually ending in `/v1`. */
export interface ChatEndpoint {
  readonly url: string;
  readonly key?: string | undefined;
  readonly model: string;
}

/** Address below the base URL (`chat/completions`). A bare host gets `/v1`; a full address pasted in is cut back. */
export function apiUrl(endpoint: ChatEndpoint, path: string): URL {
  const url = new URL(endpoint.url);
  url.pathname = `${basePath(url)}/${path}`;
  return url;
}

/** Address beside `/v1`, where servers keep what OpenAI does not have (`tokenize`). */
export function rootUrl(endpoint: ChatEndpoint, path: string): URL {
  const url = new URL(endpoint.url);
  url.pathname = `${basePath(url).replace(/\/v\d+$/, '')}/${path}`;
  return url;
}

function basePath(url: URL): string {
  const path = url.pathname.replace(/\/+$/, '').replace(/\/(chat\/completions|completions|models|embeddings)$/, '');
  return path || '/v1';
}

/** For messages: no user, password or query. */
export function shownUrl(endpoint: ChatEndpoint): string {
  const { origin, pathname } = new URL(endpoint.url);
  return `${origin}${pathname.replace(/\/$/, '')}`;
}

export function authHeaders(endpoint: ChatEndpoint): Record<string, string> {
  return endpoint.key ? { authorization: `Bearer ${endpoint.key}` } : {};
}
