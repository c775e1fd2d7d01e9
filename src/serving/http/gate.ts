import { RagtuiError } from '../../platform/errors.ts';

/** How a request wants to be served. */
export interface Entry {
  /** Who asks: clients that wait take turns, whatever number of requests each has in line. */
  readonly client: string;
  /** Nothing else may run beside it. */
  readonly alone: boolean;
}

interface Waiter extends Entry {
  readonly enter: () => void;
}

/**
 * Lets requests in: those that share, up to `parallel` at once; those that must be alone, one by one. Clients take turns
 * and nobody overtakes the one whose turn it is, so that neither kind can keep the other out. Who is cancelled while
 * waiting leaves the line.
 */
export class Gate {
  parallel: number;
  /** By client, the next one's first. */
  readonly #lanes = new Map<string, Waiter[]>();
  #running = 0;
  #aloneInside = false;
  #idle: (() => void)[] = [];

  constructor(parallel = 1) {
    this.parallel = parallel;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) count += lane.length;
    return count;
  }

  /** Those inside or in line. */
  get load(): number {
    return this.running + this.waiting;
  }

  async run<T>(entry: Entry, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(entry, signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (entry.alone) this.#aloneInside = false;
      this.#admit();
    }
  }

  /** Resolves when nobody is inside or in line. */
  whenIdle(): Promise<void> {
    if (this.load === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #enter(entry: Entry, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason ?? new RagtuiError('cancelled', 'Cancelled.'));
      const leave = () => {
        this.#remove(waiter);
        reject(signal.reason);
        // The one who left may have been the one everybody waited for.
        this.#admit();
      };
      const waiter: Waiter = {
        ...entry,
        enter: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      const lane = this.#lanes.get(entry.client);
      if (lane) lane.push(waiter);
      else this.#lanes.set(entry.client, [waiter]);
      this.#admit();
    });
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#lanes;
      const waiter = next?.[1][0];
      if (!next || !waiter || !this.#fits(waiter)) break;
      const [client, lane] = next;
      lane.shift();
      // To the end of the rotation.
      this.#lanes.delete(client);
      if (lane.length > 0) this.#lanes.set(client, lane);
      this.#running += 1;
      if (waiter.alone) this.#aloneInside = true;
      waiter.enter();
    }
    if (this.load === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  #fits({ alone }: Entry): boolean {
    return alone ? this.#running === 0 : !this.#aloneInside && this.#running < this.parallel;
  }

  #remove(waiter: Waiter): void {
    const lane = this.#lanes.get(waiter.client);
    if (!lane?.includes(waiter)) return;
    lane.splice(lane.indexOf(waiter), 1);
    if (lane.length === 0) this.#lanes.delete(waiter.client);
  }
}
