import { statusText } from '../platform/status.ts';
import type { Limits } from './types.ts';

const MINUTE = 60_000;

/** A request that may go. */
export interface Permit {
  /** It is over; `tokens` = what it really took, when that is known. */
  release(tokens?: number): void;
}

interface Waiter {
  readonly tokens: number;
  readonly admit: (permit: Permit) => void;
  readonly tell: (why: string) => void;
}

interface Spent {
  readonly at: number;
  tokens: number;
}

export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStatus?: ((text: string) => void) | undefined;
}

/**
 * Lets requests to one endpoint through in the order they came: so many at a time, so many and so many tokens within
 * any 60 s. Holds within this process.
 */
export class EndpointLimiter {
  limits: Limits;
  /** Of the server it leads to. */
  url = '';
  readonly #queue: Waiter[] = [];
  readonly #spent: Spent[] = [];
  #running = 0;
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Waits for its turn. `tokens` = the most it may take. Rejects with the signal's reason. */
  acquire(tokens: number, { signal, onStatus }: WaitOptions = {}): Promise<Permit> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = this.#queue.indexOf(waiter);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(signal?.reason);
        this.#pump();
      };
      const waiter: Waiter = {
        tokens,
        tell: (why) => onStatus?.(why),
        admit: (permit) => {
          signal?.removeEventListener('abort', leave);
          resolve(permit);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.push(waiter);
      this.#pump();
    });
  }

  /** The server asked everybody to wait. */
  pause(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, Date.now() + ms);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    for (let head = this.#queue[0]; head; head = this.#queue[0]) {
      const wait = this.#waitOf(head);
      if (wait) {
        for (const waiter of this.#queue) waiter.tell(wait.why);
        if (wait.ms !== undefined) this.#timer = setTimeout(() => this.#pump(), Math.max(1, wait.ms));
        return;
      }
      this.#queue.shift();
      head.admit(this.#permit(head.tokens));
    }
  }

  /** Why the first in the queue cannot go yet, and for how long; no time = until another one ends. */
  #waitOf({ tokens }: Waiter): { readonly why: string; readonly ms?: number } | undefined {
    const { concurrency, requestsPerMinute, tokensPerMinute } = this.limits;
    const now = Date.now();
    this.#forget(now - MINUTE);
    if (concurrency !== undefined && this.#running >= concurrency) {
      return { why: statusText('turn', { count: concurrency }) };
    }
    if (this.#notBefore > now) return waits(this.#notBefore - now, statusText('asked'));
    const oldest = this.#spent[0];
    if (!oldest) return undefined;
    if (requestsPerMinute !== undefined && this.#spent.length >= requestsPerMinute) {
      const leaving = this.#spent[this.#spent.length - requestsPerMinute] ?? oldest;
      return waits(leaving.at + MINUTE - now, statusText('requests', { count: requestsPerMinute }));
    }
    if (tokensPerMinute !== undefined) {
      // A request larger than the limit goes alone rather than never.
      let over = this.#spent.reduce((sum, one) => sum + one.tokens, 0) + tokens - tokensPerMinute;
      for (const one of this.#spent) {
        if (over <= 0) break;
        over -= one.tokens;
        if (over <= 0 || one === this.#spent.at(-1)) {
          return waits(one.at + MINUTE - now, statusText('tokens', { count: tokensPerMinute }));
        }
      }
    }
    return undefined;
  }

  /** What was asked up to then counts no more; the oldest come first. */
  #forget(until: number): void {
    const kept = this.#spent.findIndex(({ at }) => at > until);
    if (kept !== 0) this.#spent.splice(0, kept < 0 ? this.#spent.length : kept);
  }

  #permit(tokens: number): Permit {
    const spent: Spent = { at: Date.now(), tokens };
    this.#spent.push(spent);
    this.#running += 1;
    let released = false;
    return {
      release: (really) => {
        if (released) return;
        released = true;
        if (really !== undefined) spent.tokens = really;
        this.#running -= 1;
        this.#pump();
      },
    };
  }
}

const waits = (ms: number, why: string) => ({ ms, why: statusText('limit', { seconds: Math.ceil(ms / 1000), why }) });

const limiters = new Map<string, EndpointLimiter>();

/** The server at `url` asked to wait: whatever the endpoints that lead there are called. */
export function pauseServer(url: string, ms: number): void {
  for (const limiter of limiters.values()) if (limiter.url === url) limiter.pause(ms);
}

/** The limiter of an endpoint of this process; it takes over limits that were changed. */
export function limiterOf(
  { name, url }: { readonly name?: string | undefined; readonly url: string },
  limits: Limits = {},
): EndpointLimiter {
  const key = name ?? url;
  const known = limiters.get(key);
  if (known) {
    known.url = url;
    known.limits = limits;
    return known;
  }
  const made = new EndpointLimiter(limits);
  made.url = url;
  limiters.set(key, made);
  return made;
}
