import { request as send } from '../platform/network.ts';
import { type EndpointFault, silentFault } from './endpoint-faults.ts';
import { type ChatEndpoint, rootUrl } from './endpoint-url.ts';

/** Silence after which a server is asked whether it lives, and how long and how often it may leave that unanswered. */
const QUIET_MS = 3000;
const ASK_MS = 2200;
const TRIES = 3;
/** A server of ours that hangs is noticed after so long at most. */
export const NOTICED_WITHIN_MS = QUIET_MS + TRIES * ASK_MS;

/**
 * Looks after a request to a server of ours: while nothing is heard, `/health` is asked, which such a server answers at once
 * whatever it computes. One that was stopped (SIGSTOP) or hangs is given up within 10 s, not after the minutes that a first
 * token may take. `signal` aborts then.
 */
export class Pulse {
  readonly signal: AbortSignal;
  readonly #endpoint: ChatEndpoint;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** Grows with everything that is heard: what was asked before it does not count. */
  #heard = 0;

  constructor(endpoint: ChatEndpoint) {
    this.#endpoint = endpoint;
    this.signal = this.#controller.signal;
    this.#wait();
  }

  get isDead(): boolean {
    return this.signal.aborted;
  }

  /** Why the request was given up. */
  fault(): EndpointFault {
    return silentFault(this.#endpoint, Math.round(NOTICED_WITHIN_MS / 1000));
  }

  heard(): void {
    if (!this.isDead) this.#wait();
  }

  stop(): void {
    this.#heard += 1;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.stop();
    this.#timer = setTimeout(() => void this.#ask(this.#heard, TRIES), QUIET_MS);
  }

  async #ask(heard: number, tries: number): Promise<void> {
    const lives = await isAlive(this.#endpoint);
    if (heard !== this.#heard) return;
    if (lives) this.#wait();
    else if (tries > 1) await this.#ask(heard, tries - 1);
    else this.#controller.abort();
  }
}

/** Any answer will do, a refused connection too: the request itself hears of that. */
async function isAlive(endpoint: ChatEndpoint): Promise<boolean> {
  const timeout = AbortSignal.timeout(ASK_MS);
  try {
    const response = await send(rootUrl(endpoint, 'health'), { signal: timeout, redirect: 'manual' });
    await response.body?.cancel();
    return true;
  } catch {
    return !timeout.aborted;
  }
}

/** A signal that aborts with either; undefined where there is neither. */
export const either = (a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined =>
  a && b ? AbortSignal.any([a, b]) : (a ?? b);
