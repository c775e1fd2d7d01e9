/**
 * Makes several answers take their steps together: each says what it wants to do next, and when all have, all of it is
 * begun in the same turn of the event loop, so that the engine reads it as one batch. Left to themselves they fall into
 * single file: whoever is ready first is decoded alone while the other is still choosing its token (measured).
 */
export class Lockstep {
  readonly #seats = new Set<Seat>();

  /** Answers that take part. */
  get size(): number {
    return this.#seats.size;
  }

  /** Takes part from now on; the others wait for its steps until it leaves. */
  enter(): Seat {
    const seat = new Seat({
      ready: () => this.#beginIfAllAreReady(),
      left: () => {
        this.#seats.delete(seat);
        this.#beginIfAllAreReady();
      },
    });
    this.#seats.add(seat);
    return seat;
  }

  #beginIfAllAreReady(): void {
    const seats = [...this.#seats];
    if (seats.every((seat) => seat.isReady)) for (const seat of seats) seat.begin();
  }
}

interface SeatEvents {
  ready(): void;
  left(): void;
}

/** One answer's place in a `Lockstep`. */
export class Seat {
  readonly #events: SeatEvents;
  #begin: (() => void) | undefined;

  constructor(events: SeatEvents) {
    this.#events = events;
  }

  get isReady(): boolean {
    return this.#begin !== undefined;
  }

  /** Begins `work` together with the steps of the others. One at a time. */
  step<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#begin = () => {
        work().then(resolve, reject);
      };
      this.#events.ready();
    });
  }

  begin(): void {
    const begin = this.#begin;
    this.#begin = undefined;
    begin?.();
  }

  /** The others go on without it. */
  leave(): void {
    this.#events.left();
  }
}
