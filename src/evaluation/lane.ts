import { KneeFinder } from './knee-finder.ts';

/** A place at a server, taken by one question of one column. */
export interface Place {
  /** It is over; `tokens` = what the answer brought; undefined = no answer that says how fast the server is. */
  leave(tokens: number | undefined): void;
  /** Of a pool: whose place it is. */
  readonly server?: string;
}

/**
 * The line before one server. All columns that ask it stand in this one, first come first served, so that together they
 * have so many places as it takes, and not as many each. Times are those of `now`, in milliseconds.
 */
export class Lane {
  readonly #most: number;
  readonly #now: () => number;
  readonly #line: (() => void)[] = [];
  #finder: KneeFinder;
  #busy = 0;
  /** False: as many as come, somebody else counts them. */
  #limited: boolean;
  #open = false;
  readonly #watchers: (() => void)[] = [];

  constructor(options: { readonly most: number; readonly limited: boolean; readonly now?: () => number }) {
    this.#most = options.most;
    this.#now = options.now ?? (() => performance.now());
    this.#limited = options.limited;
    this.#finder = new KneeFinder({ most: this.#most });
  }

  /** At a time now, by the knee that was found so far. */
  get places(): number {
    return this.#finder.places;
  }

  /** Whether the number is found here, anew from now on. */
  set limited(limited: boolean) {
    if (limited && !this.#limited) this.#finder = new KneeFinder({ most: this.#most });
    this.#limited = limited;
    this.#admit();
  }

  /** Calls back whenever a place may have become free. */
  watch(onFree: () => void): void {
    this.#watchers.push(onFree);
  }

  /** How many have a place now. */
  get busy(): number {
    return this.#busy;
  }

  /** A place at once, behind those that stand in line; undefined when none is free. */
  tryTake(): Place | undefined {
    if (this.#line.length > 0 || !this.#hasPlace()) return undefined;
    this.#busy += 1;
    return this.#place();
  }

  take(): Promise<Place> {
    return new Promise((resolve) => {
      this.#line.push(() => resolve(this.#place()));
      this.#admit();
    });
  }

  /** The server said that it has too much to do. */
  overrun(): void {
    if (this.#limited) this.#finder.overrun(this.#now());
  }

  /** What is being measured was disturbed, by a pause. */
  restart(): void {
    this.#finder.restart(this.#now());
  }

  /** Lets all through that wait and come: the run is over. */
  dissolve(): void {
    this.#open = true;
    this.#admit();
  }

  #admit(): void {
    while (this.#line.length > 0 && this.#hasPlace()) {
      this.#busy += 1;
      this.#line.shift()?.();
    }
    for (const onFree of this.#watchers) onFree();
  }

  #hasPlace(): boolean {
    return this.#open || !this.#limited || this.#busy < this.#finder.places;
  }

  #place(): Place {
    const begun = this.#now();
    // Where places were left, others held it up (another server, the disk): that says nothing about this one.
    const isFull = this.#busy >= this.#finder.places;
    let left = false;
    return {
      leave: (tokens) => {
        if (left) return;
        left = true;
        this.#busy -= 1;
        if (this.#limited && isFull && tokens !== undefined) {
          this.#finder.finished({ begun, now: this.#now(), tokens });
        }
        this.#admit();
      },
    };
  }
}
