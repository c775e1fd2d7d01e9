import { EndpointFault } from './endpoint-faults.ts';
import { callEndpoint } from './endpoint-send.ts';
import { type ChatEndpoint, shownUrl } from './endpoint-url.ts';
import { type MemberFigures, PoolRecord } from './pool-figures.ts';

/** A server that failed is looked at again after so long; each failure in a row doubles it. */
const LOOK_MS = 2000;
const LOOK_AT_MOST_MS = 60_000;
/** One that has too much to do and does not say for how long. */
const BUSY_MS = 1000;
const LIST_MS = 10_000;

/** What speaks against this server, not against the request: another one may well answer it. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'unavailable',
  'network',
  'timeout',
  'busy',
  'not-found',
  'permission',
  'corrupt',
]);

/** A request on its way to one server of a pool. */
interface Seat {
  readonly endpoint: ChatEndpoint;
  /** It was answered, or given up by whoever asked. */
  done(): void;
  /** By what speaks against the server. */
  failed(error: EndpointFault): void;
}

interface Member extends MemberFigures {
  readonly endpoint: ChatEndpoint;
  /** Failures since its last answer. */
  inARow: number;
  /** When it may be asked again, ms of `now`. */
  notBefore: number;
  looking: boolean;
}

interface Clock {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly look: (endpoint: ChatEndpoint) => Promise<boolean>;
  /** Milliseconds since 1970. */
  readonly time?: () => number;
}

/**
 * Servers of the same model, asked as one. A request goes to the one that has fewest of ours in work, among those that
 * are well. One that fails is left out until it lists its model again, which is looked at while others are asked.
 * Counts what this process asks; others have counts of their own.
 */
export class EndpointPool {
  readonly #members: readonly Member[];
  readonly #clock: Clock;
  readonly #time: () => number;
  readonly #record: PoolRecord | undefined;

  constructor(endpoint: ChatEndpoint, clock: Clock = { now: () => performance.now(), look: lists }) {
    const { pool, ...plain } = endpoint;
    this.#clock = clock;
    this.#time = clock.time ?? Date.now;
    this.#members = (pool?.members ?? []).map(({ url, key }) => ({
      endpoint: { ...plain, url, key },
      url: shownUrl({ url }),
      state: 'up',
      why: '',
      since: null,
      askedAt: null,
      inFlight: 0,
      requests: 0,
      failures: 0,
      inARow: 0,
      notBefore: 0,
      looking: false,
    }));
    this.#record = pool?.folder === undefined ? undefined : new PoolRecord(pool.folder, () => this.figures());
  }

  figures(): readonly MemberFigures[] {
    return this.#members.map((member) => {
      const { url, why, since, askedAt, inFlight, requests, failures } = member;
      const state = this.#isUp(member) ? 'up' : member.state;
      // One that said for how long it is busy is well again without a word.
      return { url, state, why, since: state === member.state ? since : null, askedAt, inFlight, requests, failures };
    });
  }

  /** Whether a server may be asked now; one that is due is looked at meanwhile. */
  isUp(url: string): boolean {
    const member = this.#find(url);
    if (!member) return false;
    this.#lookAgain(member);
    return this.#isUp(member);
  }

  /** Whether it said that it has too much to do. */
  isBusy(url: string): boolean {
    const member = this.#find(url);
    return member?.state === 'busy' && !this.#isUp(member);
  }

  /** The one to ask: not one of `tried`, one that fails only where no other is left; undefined when all were tried. */
  take(tried: ReadonlySet<string>, prefer?: string): Seat | undefined {
    for (const member of this.#members) this.#lookAgain(member);
    const left = this.#members.filter(({ url }) => !tried.has(url));
    const up = left.filter((member) => this.#isUp(member));
    const wanted = prefer === undefined ? undefined : this.#find(prefer);
    const member =
      wanted && up.includes(wanted)
        ? wanted
        : [...(up.length > 0 ? up : left)].sort(
            (a, b) => a.inFlight - b.inFlight || a.requests - b.requests || a.notBefore - b.notBefore,
          )[0];
    return member && this.#seat(member);
  }

  /** Nobody is well. */
  get isDown(): boolean {
    return this.#members.every(({ state }) => state === 'down');
  }

  /** Whether one that was not tried yet is well. */
  hasOther(tried: ReadonlySet<string>): boolean {
    return this.#members.some((member) => !tried.has(member.url) && this.#isUp(member));
  }

  #seat(member: Member): Seat {
    member.inFlight += 1;
    member.requests += 1;
    member.askedAt = this.#time();
    this.#record?.changed();
    let over = false;
    const end = (change: () => void) => {
      if (over) return;
      over = true;
      member.inFlight -= 1;
      change();
      this.#record?.changed();
    };
    return {
      endpoint: member.endpoint,
      done: () => end(() => this.#isWell(member)),
      failed: (error) =>
        end(() => {
          member.failures += 1;
          this.#isUnwell(member, error);
        }),
    };
  }

  #isWell(member: Member): void {
    this.#becomes(member, 'up');
    member.why = '';
    member.inARow = 0;
  }

  #isUnwell(member: Member, { code, message, retryAfterMs }: EndpointFault): void {
    const busy = code === 'busy';
    // Those that were in work when it went fail together: that is one failure.
    if (!busy && member.state !== 'down') member.inARow += 1;
    this.#becomes(member, busy ? 'busy' : 'down');
    member.why = message;
    const pause = busy ? (retryAfterMs ?? BUSY_MS) : Math.min(LOOK_AT_MOST_MS, LOOK_MS * 2 ** (member.inARow - 1));
    member.notBefore = this.#clock.now() + pause;
  }

  #isUp({ state, notBefore }: Pick<Member, 'state' | 'notBefore'>): boolean {
    return state === 'up' || (state === 'busy' && notBefore <= this.#clock.now());
  }

  #becomes(member: Member, state: Member['state']): void {
    if (member.state !== state) member.since = this.#time();
    member.state = state;
  }

  #lookAgain(member: Member): void {
    if (member.state !== 'down' || member.looking || member.notBefore > this.#clock.now()) return;
    member.looking = true;
    void this.#clock.look(member.endpoint).then((well) => {
      member.looking = false;
      if (well) {
        // Not `inARow`: one that lists its model and fails every request must not be asked every other second.
        this.#becomes(member, 'up');
        member.why = '';
      } else {
        member.inARow += 1;
        member.notBefore = this.#clock.now() + Math.min(LOOK_AT_MOST_MS, LOOK_MS * 2 ** (member.inARow - 1));
      }
      this.#record?.changed();
    });
  }

  #find(url: string): Member | undefined {
    const shown = shownUrl({ url });
    return this.#members.find((member) => member.url === shown);
  }
}

/** A request for its list of models costs nothing; some serve chats and no list. */
async function lists(endpoint: ChatEndpoint): Promise<boolean> {
  try {
    const response = await callEndpoint(endpoint, { path: 'models', signal: AbortSignal.timeout(LIST_MS) });
    response.drop();
    return true;
  } catch (error) {
    return error instanceof EndpointFault && error.code === 'not-found';
  }
}

const pools = new Map<string, EndpointPool>();

/** The pool behind an endpoint, one for all of this process; undefined for a server alone. */
export function poolOf(endpoint: ChatEndpoint): EndpointPool | undefined {
  if (!endpoint.pool) return undefined;
  const key = JSON.stringify([endpoint.name, endpoint.model, endpoint.pool.members]);
  const known = pools.get(key);
  if (known) return known;
  const made = new EndpointPool(endpoint);
  pools.set(key, made);
  return made;
}

/**
 * Does one piece of work with an endpoint: at a server of its pool, and at another one at once when that one fails and
 * nobody has been shown anything of its answer yet. Errors: the last one of `attempt`.
 */
export async function throughPool<T>(
  endpoint: ChatEndpoint,
  attempt: (at: ChatEndpoint) => Promise<T>,
  options: { readonly shown?: (() => boolean) | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const pool = poolOf(endpoint);
  if (!pool) return attempt(endpoint);
  const tried = new Set<string>();
  for (;;) {
    const seat = pool.take(tried, endpoint.pool?.prefer);
    if (!seat) return attempt(endpoint);
    tried.add(shownUrl(seat.endpoint));
    try {
      const value = await attempt(seat.endpoint);
      seat.done();
      return value;
    } catch (thrown) {
      const isIts = thrown instanceof EndpointFault && !options.signal?.aborted && ELSEWHERE.has(thrown.code);
      if (!isIts) {
        seat.done();
        throw thrown;
      }
      seat.failed(thrown);
      if (options.shown?.()) throw thrown;
      if (!pool.hasOther(tried)) throw pool.isDown ? downFault(endpoint, thrown) : thrown;
    }
  }
}

function downFault({ name, pool }: ChatEndpoint, fault: EndpointFault): EndpointFault {
  const { code, message, hint, again, retryAfterMs, refused } = fault;
  const more = { ...(again === undefined ? {} : { again }), retryAfterMs, refused, cause: fault };
  return new EndpointFault(
    code,
    `None of the ${pool?.members.length} servers of ${name ?? 'the pool'} answers; the last one: ${message}`,
    hint,
    more,
  );
}

/** A server of the pool that is well, for a request that is not worth a second try; an endpoint alone is its own. */
export function wellServer(endpoint: ChatEndpoint): ChatEndpoint {
  const well = endpoint.pool?.members.find(({ url }) => poolOf(endpoint)?.isUp(url));
  return well ? { ...endpoint, ...well } : endpoint;
}
