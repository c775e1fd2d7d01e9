import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { FORWARDING_HINT } from '../../hosts/forward.ts';
import { type ForwardedFault, readForwardedFault } from '../../hosts/forwarded.ts';
import { wholeBody } from '../../models/endpoint-body.ts';
import { isConnectionError } from '../../models/endpoint-connection.ts';
import { callEndpoint } from '../../models/endpoint-send.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { parseJson } from '../../platform/json.ts';

/** So often a server that answers `/health` may fail at something before that counts as its own fault. */
const MOST_FAULTS = 3;
const PASSING: readonly string[] = ['unavailable', 'network', 'timeout', 'busy'];

interface Watch {
  /** Between two looks, ms. */
  readonly lookMs: number;
  readonly signal: AbortSignal;
}

interface Lines extends Watch {
  /** Told once why the line to a host does not lead there. */
  readonly onLine: (why: string) => void;
}

/** Resolves when /health is 200. Throws `permission` where the host lets no port be reached, the signal's reason. */
export async function untilHealthy(url: string, { lookMs, signal, onLine }: Lines): Promise<void> {
  let told = false;
  for (;;) {
    const health = await healthOf(url, signal);
    if (health === true) return;
    if (health?.type === 'forbidden') throw new RagtuiError('permission', health.message, FORWARDING_HINT);
    if (health?.type === 'unreachable' && !told) {
      told = true;
      onLine(health.message);
    }
    await delay(lookMs, undefined, { signal });
  }
}

/** True: it answers. Else what the line to its host says, if it says anything. */
async function healthOf(url: string, signal: AbortSignal): Promise<true | ForwardedFault | undefined> {
  try {
    const response = await fetch(new URL('/health', url), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    const text = await response.text();
    return response.ok || readForwardedFault(response.headers, text);
  } catch {
    return undefined;
  }
}

const modelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Throws `not-found` when the server has not all of the names; the faults of asking it. */
export async function checkNames(
  { url, key }: { readonly url: string; readonly key: string },
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const endpoint = { url, key, model: names[0] ?? '' };
  const response = await callEndpoint(endpoint, { path: 'models', signal });
  const served = modelsSchema.parse(parseJson(await wholeBody(endpoint, response))).data.map(({ id }) => id);
  const missing = names.filter((name) => !served.includes(name));
  if (missing.length > 0) {
    throw new RagtuiError('not-found', `vLLM came up without ${missing.join(', ')}.`, 'See the log of the job.');
  }
}

/**
 * Does something with a server on another host; where the line to it broke, again when it answers again. Throws what no
 * outage explains: another fault, one that comes again while the server answers `/health`; the signal's reason.
 */
export async function throughOutages<T>(url: string, action: () => Promise<T>, { lookMs, signal }: Watch): Promise<T> {
  for (let faults = 0; ; ) {
    try {
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      if ((await healthOf(url, signal)) === true) faults += 1;
      if (faults === MOST_FAULTS) throw error;
    }
    do await delay(lookMs, undefined, { signal });
    while ((await healthOf(url, signal)) !== true);
  }
}

const isPassing = (error: unknown): boolean => isConnectionError(error) || PASSING.includes(toRagtuiError(error).code);

/** A check whose only end is other vectors: any other fault is told, and the next check looks again. */
export const onlyOtherVectors =
  (check: () => Promise<unknown>, onFault: (error: RagtuiError) => void) => async (): Promise<void> => {
    try {
      await check();
    } catch (error) {
      const fault = toRagtuiError(error);
      if (fault.code === 'checksum') throw error;
      onFault(fault);
    }
  };
