import type { EndpointPool } from '../models/endpoint-pool.ts';
import type { Lane, Place } from './lane.ts';

/**
 * The line before a pool of servers: whoever is first gets a place at the server that is well, has one free and has fewest in
 * work. Each server's places are found by a lane of its own, which columns that ask it alone share; the pool has their sum.
 */
export class PoolLane {
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #pool: Pick<EndpointPool, 'isUp' | 'isBusy'>;
  readonly #line: ((place: Place) => void)[] = [];

  /** `lanes` by the address of their server. */
  constructor(lanes: ReadonlyMap<string, Lane>, pool: Pick<EndpointPool, 'isUp' | 'isBusy'>) {
    this.#lanes = lanes;
    this.#pool = pool;
    for (const lane of lanes.values()) lane.watch(() => this.#admit());
  }

  take(): Promise<Place> {
    return new Promise((resolve) => {
      this.#line.push(resolve);
      this.#admit();
    });
  }

  /** All of them refused. */
  overrun(): void {
    for (const lane of this.#lanes.values()) lane.overrun();
  }

  /** Those that are well; all where none is: what asks them says why. */
  up(): readonly Lane[] {
    return this.#up().map(([, lane]) => lane);
  }

  #up(): readonly (readonly [string, Lane])[] {
    const all = [...this.#lanes];
    const up = all.filter(([url]) => this.#pool.isUp(url));
    return up.length > 0 ? up : all;
  }

  #admit(): void {
    while (this.#line.length > 0) {
      const place = this.#free();
      if (!place) return;
      this.#line.shift()?.(place);
    }
  }

  #free(): Place | undefined {
    for (const [url, lane] of [...this.#up()].sort(([, a], [, b]) => a.busy - b.busy)) {
      const place = lane.tryTake();
      if (place) return { server: url, leave: (tokens) => this.#leave(url, lane, place, tokens) };
    }
    return undefined;
  }

  #leave(url: string, lane: Lane, place: Place, tokens: number | undefined): void {
    const isUp = this.#pool.isUp(url);
    if (this.#pool.isBusy(url)) lane.overrun();
    // Another server answered instead: that says nothing of how fast this one is.
    place.leave(isUp ? tokens : undefined);
  }
}
