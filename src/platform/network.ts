import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Dispatcher, RequestInit, Response } from 'undici';
import { loadSettings } from './config.ts';
import { RagtuiError } from './errors.ts';
import { trustedWith } from './network-ca.ts';
import { proxyFor, shownProxy } from './network-proxy.ts';
import { workspacePaths } from './paths.ts';

export interface NetworkRequest extends Omit<RequestInit, 'dispatcher'> {
  /** Seconds until a connection must stand. */
  readonly connectSeconds?: number;
}

/** What decides how a request leaves this machine. */
export interface NetworkSetup {
  readonly env: NodeJS.ProcessEnv;
  /** `network.ca_file`. */
  readonly caFile: string | undefined;
}

const CONNECT_SECONDS = 10;

let setup: NetworkSetup | undefined;
const dispatchers = new Map<string, Dispatcher>();

/** The environment and `config.toml` of this process, read at the first request. */
function currentSetup(): NetworkSetup {
  setup ??= { env: process.env, caFile: loadSettings(workspacePaths().configFile).settings.network.ca_file };
  return setup;
}

/** Sets what is otherwise read from the environment and `config.toml`; undefined reads them again. */
export function useNetwork(next: NetworkSetup | undefined): void {
  setup = next;
  for (const dispatcher of dispatchers.values()) void dispatcher.close();
  dispatchers.clear();
}

/**
 * `fetch` for everything of ours: through the proxy of the environment unless the host is this machine, trusting
 * `network.ca_file` (and NODE_EXTRA_CA_CERTS), with no limits of time but the one to connect. Errors: fetch's
 * TypeError, whose cause has the code; `invalid` for a certificate file or a proxy that cannot be used.
 */
export async function request(url: URL | string, init: NetworkRequest = {}): Promise<Response> {
  const target = new URL(url);
  const { connectSeconds, ...rest } = init;
  const { fetch, dispatcher } = await wayTo(target, connectSeconds);
  return fetch(target, { ...rest, dispatcher });
}

/** What `exchange` sends. */
export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connectSeconds?: number;
  readonly signal: AbortSignal;
}

/** What a server answered: its head, and a body to read once or to drop. */
export interface Answer {
  readonly status: number;
  readonly url: string;
  /** Of several headers of one name the first; null: there is none. */
  header(name: string): string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection where the body has not come to its end. */
  drop(): void;
}

/**
 * As `request`, without what fetch does around it, which takes as long again: for requests by the thousand. Redirects are
 * answers like any other. Errors: the connection's own, with a code; the signal's reason.
 */
export async function exchange(url: URL | string, init: Exchange): Promise<Answer> {
  const target = new URL(url);
  const { connectSeconds, method, signal, body } = init;
  const { dispatcher } = await wayTo(target, connectSeconds);
  const answer = await dispatcher.request({
    origin: target.origin,
    path: `${target.pathname}${target.search}`,
    method,
    headers: { ...init.headers, 'accept-encoding': 'identity' },
    ...(body === undefined ? {} : { body }),
    signal,
  });
  return {
    status: answer.statusCode,
    url: target.href,
    header: (name) => {
      const found = answer.headers[name];
      return (Array.isArray(found) ? found[0] : found) ?? null;
    },
    body: decoded(answer.body, answer.headers['content-encoding']),
    drop: () => {
      // Who drops it does not want to hear how it ends.
      answer.body.on('error', () => {}).destroy();
    },
  };
}

/** Some servers and proxies compress what nobody asked them to. */
function decoded(body: Readable, encoding: string | string[] | undefined): Readable {
  const name = String(encoding ?? 'identity').toLowerCase();
  const make = DECODERS[name];
  // Who reads it hears of errors; the callback only keeps them from being thrown beside that.
  return make ? pipeline(body, make(), () => {}) : body;
}

/** Each gives what it has, so that a stream of events flows. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }),
  'x-gzip': () => createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: () => createInflate({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }),
  br: () =>
    createBrotliDecompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
    }),
};

/** How a request to there leaves this machine. */
async function wayTo(
  target: URL,
  connectSeconds = CONNECT_SECONDS,
): Promise<{ fetch: typeof import('undici').fetch; dispatcher: Dispatcher }> {
  // Not at the top: a screen that asks nobody does not wait for 0.1 s of modules.
  const undici = await import('undici');
  const current = currentSetup();
  const proxy = proxyFor(target, current.env);
  const plain = target.protocol === 'http:';
  const key = [proxy?.href ?? '', plain, connectSeconds].join(' ');
  let dispatcher = dispatchers.get(key);
  if (!dispatcher) {
    dispatcher = makeDispatcher(undici, current, proxy, plain, connectSeconds);
    dispatchers.set(key, dispatcher);
  }
  return { fetch: undici.fetch, dispatcher };
}

function makeDispatcher(
  { Agent, ProxyAgent }: typeof import('undici'),
  { env, caFile }: NetworkSetup,
  proxy: URL | undefined,
  plain: boolean,
  connectSeconds: number,
): Dispatcher {
  const tls = { ...(caFile ? { ca: trustedWith(caFile, env) } : {}), timeout: connectSeconds * 1000 };
  // Who asks watches the clock: an answer may take long to begin, and its pieces may come slowly.
  const patient = { headersTimeout: 0, bodyTimeout: 0 };
  if (!proxy) return new Agent({ ...patient, connect: tls });
  if (!/^https?:$/.test(proxy.protocol)) {
    throw new RagtuiError(
      'unsupported',
      `The proxy ${shownProxy(proxy)} is not an HTTP proxy.`,
      'Set HTTPS_PROXY and HTTP_PROXY to one like http://host:3128, or name the server in NO_PROXY.',
    );
  }
  // Proxies commonly refuse CONNECT to port 80: plain requests are forwarded.
  return new ProxyAgent({ uri: proxy.href, ...patient, proxyTunnel: !plain, requestTls: tls, proxyTls: tls });
}

/** The proxy a URL is reached through, for messages; undefined = none. */
export function shownProxyFor(url: URL): string | undefined {
  const proxy = proxyFor(url, currentSetup().env);
  return proxy && shownProxy(proxy);
}
