import { readForwardedFault } from '../hosts/forwarded.ts';
import { FORWARD_HEADER } from '../jobs/health.ts';
import { request as send } from '../platform/network.ts';
import { type EndpointFault, silentFault, unreachableFault } from './endpoint-faults.ts';
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
 * token may take. One on another host is given up too when the port here that leads there says that it cannot be reached.
 * `signal` aborts then.
 */
export class Pulse {
  readonly signal: AbortSignal;
  readonly #endpoint: ChatEndpoint;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  /** Grows with everything that is heard: what was asked before it does not count. */
  #heard = 0;
  /** Why the host of the server cannot be reached; undefined: it can, or it is this one. */
  #away: string | undefined;

  constructor(endpoint: ChatEndpoint) {
    this.#endpoint = endpoint;
    this.signal = this.#controller.signal;
    this.#wait();
  }

  get isDead(): boolean {
    return this.signal.aborted;
  }

  /** It was given up since the host of the server cannot be reached: it may be again. */
  get isAway(): boolean {
    return this.isDead && this.#away !== undefined;
  }

  /** Why the request was given up. */
  fault(): EndpointFault {
    if (this.#away !== undefined) return unreachableFault(this.#endpoint, this.#away);
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
    const askedAt = performance.now();
    const found = await look(this.#endpoint);
    if (heard !== this.#heard) return;
    if (found.state === 'lives') return this.#wait();
    this.#away = found.why;
    const next = () => (tries > 1 ? void this.#ask(heard, tries - 1) : this.#controller.abort());
    // A host that was told away at once may be back in a moment.
    this.#timer = setTimeout(next, Math.max(0, ASK_MS - (performance.now() - askedAt)));
  }
}

/**
 * Any answer of the server will do, a refused connection too, here or behind the port that leads to it: one that stops takes
 * no new ones and goes on with what it answers. `why`: its host cannot be reached.
 */
async function look(endpoint: ChatEndpoint): Promise<{ readonly state: 'lives' | 'lost'; readonly why?: string }> {
  const timeout = AbortSignal.timeout(ASK_MS);
  try {
    const response = await send(rootUrl(endpoint, 'health'), { signal: timeout, redirect: 'manual' });
    if (response.headers.has(FORWARD_HEADER)) {
      const fault = readForwardedFault(response.headers, await response.text());
      return fault?.type === 'unreachable' ? { state: 'lost', why: fault.message } : { state: 'lives' };
    }
    await response.body?.cancel();
    return { state: 'lives' };
  } catch {
    return { state: timeout.aborted ? 'lost' : 'lives' };
  }
}

/** A signal that aborts with either; undefined where there is neither. */
export const either = (a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined =>
  a && b ? AbortSignal.any([a, b]) : (a ?? b);
