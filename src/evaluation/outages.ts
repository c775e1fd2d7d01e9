import { EndpointFault } from '../models/endpoint-faults.ts';
import { statusText } from '../platform/status.ts';

/** Between two tries to reach a host. */
const AWAY_MS = 5000;

export interface OutageOptions {
  readonly signal: AbortSignal;
  /** What is waited for, in words, at each try. */
  readonly onStatus?: (text: string) => void;
  /** Between two tries; absent: as usual. */
  readonly awayMs?: number | undefined;
}

/**
 * Does something with a server of ours, and again for as long as its host cannot be reached: that may take hours, and is
 * nothing the question is to blame for. Errors: those of `action`; the fault of the outage once the signal aborts.
 */
export async function throughOutages<T>(
  action: () => Promise<T>,
  { signal, onStatus, awayMs = AWAY_MS }: OutageOptions,
): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isAway(error) || signal.aborted) throw error;
      onStatus?.(statusText('away', { why: error.message }));
      await pause(awayMs, signal);
    }
  }
}

/** Whether a host cannot be reached; waiting for it is another matter than trying again. */
export const isAway = (error: unknown): error is EndpointFault => error instanceof EndpointFault && error.away;

/** Resolves after a while, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
