import { type Answer, exchange } from '../platform/network.ts';
import { statusText } from '../platform/status.ts';
import { bodyBeginning } from './endpoint-body.ts';
import { connectionFault } from './endpoint-connection.ts';
import { EndpointFault, redirectFault, statusFault } from './endpoint-faults.ts';
import { limiterOf, pauseServer, type WaitOptions } from './endpoint-limits.ts';
import { apiUrl, authHeaders, type ChatEndpoint } from './endpoint-url.ts';

const MAX_ERROR_BYTES = 64 * 1024;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Of a server that is not there: it may be starting, but a person should not wait long to hear of it. */
const REFUSED_RETRIES = 2;

export interface SendOptions extends WaitOptions {
  /** The most tokens it may take, for limits per minute. */
  readonly tokens?: number;
  /** Milliseconds before the first repetition; it doubles each time. */
  readonly firstWaitMs?: number;
}

export interface Sent<T> {
  readonly value: T;
  /** How often it was asked again. */
  readonly retries: number;
}

/**
 * Does one piece of work with an endpoint: when its limits allow it, and again, after a pause, when it fails with a
 * fault that says so (429, 502, 503, 504, refused; `Retry-After` is kept to, up to a minute). `attempt` must throw such
 * faults only before it showed anything. Rejects with the signal's reason, or the last fault.
 */
export async function sendPatiently<T>(
  endpoint: ChatEndpoint,
  options: SendOptions,
  attempt: () => Promise<{ readonly value: T; readonly tokens?: number | undefined }>,
): Promise<Sent<T>> {
  const limiter = limiterOf(endpoint, endpoint.limits);
  for (let retries = 0; ; retries += 1) {
    const permit = await limiter.acquire(options.tokens ?? 0, options);
    let tokens: number | undefined;
    try {
      const done = await attempt();
      tokens = done.tokens;
      return { value: done.value, retries };
    } catch (error) {
      const most = endpoint.retries ?? 0;
      const wait = waitBefore(error, retries, most, options.firstWaitMs ?? FIRST_WAIT_MS);
      if (wait === undefined || options.signal?.aborted) throw error;
      tokens = 0;
      // The other requests to it need not find out for themselves.
      if (wait.asked) pauseServer(endpoint.url, wait.ms);
      const { ms, why } = wait;
      const tries = { attempt: retries + 2, most: wait.most + 1 };
      options.onStatus?.(statusText('retry', { seconds: shownSeconds(ms), why, ...tries }));
      permit.release(tokens);
      await pause(wait.ms, options.signal);
    } finally {
      permit.release(tokens);
    }
  }
}

interface Wait {
  readonly ms: number;
  readonly why: string;
  readonly asked: boolean;
  readonly most: number;
}

function waitBefore(error: unknown, retries: number, allowed: number, firstMs: number): Wait | undefined {
  if (!(error instanceof EndpointFault) || error.again === undefined) return undefined;
  const most = error.refused ? Math.min(allowed, REFUSED_RETRIES) : allowed;
  if (retries >= most) return undefined;
  const { retryAfterMs, again: why } = error;
  // Longer than a person waits: better said than sat out.
  if (retryAfterMs !== undefined && retryAfterMs > LONGEST_WAIT_MS) return undefined;
  const backOff = Math.min(LONGEST_WAIT_MS, firstMs * 2 ** retries);
  const jitter = backOff * (0.5 + Math.random() / 2);
  // Asked for a time, all come back then: a little apart.
  const ms = retryAfterMs === undefined ? jitter : retryAfterMs + Math.random() * Math.min(backOff, retryAfterMs) * 0.1;
  return { ms, why, asked: retryAfterMs !== undefined, most };
}

const shownSeconds = (ms: number): string => (ms < 950 ? (ms / 1000).toFixed(1) : String(Math.round(ms / 1000)));

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

export interface Call {
  readonly path: string;
  /** JSON; absent = GET. */
  readonly body?: unknown;
  readonly accept?: string;
  readonly signal: AbortSignal;
}

/**
 * One request below the base URL. Gives an answer of status 2xx; throws the fault of anything else (see
 * `endpoint-faults.ts`), and an AbortError as it came. Redirects are not followed.
 */
export async function callEndpoint(endpoint: ChatEndpoint, call: Call): Promise<Answer> {
  const { path, body, accept = 'application/json', signal } = call;
  let response: Answer;
  try {
    response = await exchange(apiUrl(endpoint, path), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept,
        'user-agent': 'ragtui',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...authHeaders(endpoint),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(endpoint.timeouts?.connect === undefined ? {} : { connectSeconds: endpoint.timeouts.connect }),
      signal,
    });
  } catch (error) {
    throw signal.aborted || error instanceof EndpointFault ? error : connectionFaultOf(endpoint, error);
  }
  if (response.status >= 300 && response.status < 400) {
    response.drop();
    throw redirectFault(endpoint, response.status, response.header('location'));
  }
  if (response.status < 200 || response.status > 299) throw statusFault(endpoint, response, await errorText(response));
  return response;
}

const connectionFaultOf = (endpoint: ChatEndpoint, error: unknown): unknown =>
  error instanceof Error && error.name === 'RagtuiError' ? error : connectionFault(endpoint, error, false);

async function errorText(response: Answer): Promise<string> {
  try {
    return await bodyBeginning(response, MAX_ERROR_BYTES);
  } catch {
    return '';
  }
}
