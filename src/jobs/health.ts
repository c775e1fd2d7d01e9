import { setTimeout as delay } from 'node:timers/promises';
import { endpointFileSchema, readJsonFile } from './folder.ts';

const EVERY_MS = 2000;
const ANSWER_MS = 2000;
/** With the two above, a server that hangs is noticed after 8 s at the latest. */
const SILENT_MS = 6000;

/** The header of an answer that a port of ours gives in place of the server on another host that it leads to. */
export const FORWARD_HEADER = 'x-ragtui-forward';

export interface HealthListener {
  /** It has not answered since then. */
  readonly silent: (since: Date) => void;
  readonly answers: () => void;
}

/**
 * Asks a server for `/health` every few seconds, at the address in its `endpoint.json`, until `signal` aborts, and tells
 * when it stops answering and when it answers again. Any answer of its own counts: what is heard here is
 * whether it hangs.
 */
export async function watchHealth(
  file: string,
  { silent, answers }: HealthListener,
  signal: AbortSignal,
): Promise<void> {
  let lastAnswer = new Date();
  // Measured by a clock that only goes forward.
  let answeredAt = performance.now();
  let isSilent = false;
  while (!signal.aborted) {
    const endpoint = readJsonFile(file, endpointFileSchema);
    // Not there while it starts or ends.
    if (!endpoint?.ready || (await doesAnswer(endpoint.url))) {
      lastAnswer = new Date();
      answeredAt = performance.now();
      if (isSilent && !signal.aborted) answers();
      isSilent = false;
    } else if (!isSilent && performance.now() - answeredAt >= SILENT_MS && !signal.aborted) {
      isSilent = true;
      silent(lastAnswer);
    }
    await delay(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Whether the server itself answers, whatever it says. */
export async function doesAnswer(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.arrayBuffer();
    return !response.headers.has(FORWARD_HEADER);
  } catch {
    return false;
  }
}
