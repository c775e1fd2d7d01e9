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
  const { connectSeconds = CONNECT_SECONDS, ...rest } = init;
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
  return undici.fetch(target, { ...rest, dispatcher });
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
