import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when `signal` aborts, or once the server has been idle for so many minutes; 0 = never by itself. */
export async function untilIdle(
  server: { readonly idleMs: number },
  idleMinutes: number,
  signal: AbortSignal,
): Promise<void> {
  const limit = idleMinutes > 0 ? idleMinutes * 60_000 : undefined;
  while (!signal.aborted && (limit === undefined || server.idleMs < limit)) {
    const wait = limit === undefined ? undefined : Math.max(50, limit - server.idleMs);
    if (wait === undefined) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    else await delay(wait, undefined, { signal }).catch(() => {});
  }
}
