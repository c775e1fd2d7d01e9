import { poolOf } from '../models/endpoint-pool.ts';
import { type ChatEndpoint, shownUrl } from '../models/endpoint-url.ts';
import type { ReadyColumn } from './ask-column.ts';
import { Lane, type Place } from './lane.ts';
import { PoolLane } from './pool-lane.ts';
import type { Evaluation } from './types.ts';

/** More at once are never tried by itself. */
const MOST = 64;
/** The knowledge base answers in one process: a few keep it busy. */
const MOST_SEARCHING = 4;
/** Items in work beyond the places at the servers: while one is scored and written, the next stands in line. */
const SPARE = 0.25;

/** How many items are in work at once: so many as was said, or as each server takes. */
export class Pace {
  /** By server. */
  readonly #lanes: ReadonlyMap<string, Lane>;
  /** By the name of the endpoint. */
  readonly #pools = new Map<string, PoolLane>();
  /** Servers that a column asks by themselves. */
  readonly #alone: readonly Lane[];
  #said: Evaluation['concurrency'];

  constructor(said: Evaluation['concurrency'], columns: readonly ReadyColumn[]) {
    this.#said = said;
    const limited = said === 'auto';
    this.#lanes = new Map([...mostByServer(columns)].map(([server, most]) => [server, new Lane({ most, limited })]));
    for (const { llm } of columns) {
      const pool = llm && poolOf(llm.endpoint);
      if (!pool) continue;
      const servers = serversOf(llm.endpoint);
      const lanes = [...this.#lanes].filter(([server]) => servers.includes(server));
      this.#pools.set(servers.join(' '), new PoolLane(new Map(lanes), pool));
    }
    const alone = columns.flatMap((column) => (this.#poolOf(column) ? [] : serversOf(column.llm?.endpoint)));
    this.#alone = [...this.#lanes].flatMap(([server, lane]) => (alone.includes(server) ? [lane] : []));
  }

  /** As a person reads it: what was said, or the places at all servers together. */
  get places(): number {
    if (this.#said !== 'auto') return this.#said;
    const lanes = new Set([...this.#alone, ...[...this.#pools.values()].flatMap((pool) => pool.up())]);
    return [...lanes].reduce((sum, { places }) => sum + places, 0);
  }

  /** Items that may be in work. */
  get items(): number {
    return this.#said === 'auto' ? this.places + Math.ceil(SPARE * this.places) : this.#said;
  }

  /** Waits for the column's turn at its server. */
  take(column: ReadyColumn): Promise<Place> {
    const lane = this.#poolOf(column) ?? this.#laneOf(column);
    return lane ? lane.take() : Promise.resolve({ leave: () => {} });
  }

  /** A person said something else. */
  say(said: Evaluation['concurrency']): void {
    if (said === this.#said) return;
    this.#said = said;
    for (const lane of this.#lanes.values()) lane.limited = said === 'auto';
  }

  /** The column's server is overrun: all columns that ask it hold back. */
  overrun(column: ReadyColumn | undefined): void {
    if (column) (this.#poolOf(column) ?? this.#laneOf(column))?.overrun();
  }

  goesOn(): void {
    for (const lane of this.#lanes.values()) lane.restart();
  }

  /** Nobody is to wait any more: the run is over. */
  dissolve(): void {
    for (const lane of this.#lanes.values()) lane.dissolve();
  }

  #laneOf({ llm }: ReadyColumn): Lane | undefined {
    return this.#lanes.get(serversOf(llm?.endpoint)[0] ?? KB);
  }

  #poolOf({ llm }: ReadyColumn): PoolLane | undefined {
    return this.#pools.get(serversOf(llm?.endpoint).join(' '));
  }
}

const KB = 'kb';

/** Columns of one address share what it can do, whatever their models are called; a pool has several. */
const serversOf = (endpoint: ChatEndpoint | undefined): string[] =>
  endpoint ? (endpoint.pool?.members ?? [endpoint]).map(shownUrl) : [KB];

/** The embedded LLM answers strictly one at a time; a limit that the user set for an endpoint is kept to. */
function mostByServer(columns: readonly ReadyColumn[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const { llm } of columns) {
    const own = llm ? (llm.endpoint.embedded ? 1 : (llm.endpoint.limits?.concurrency ?? MOST)) : MOST_SEARCHING;
    for (const server of serversOf(llm?.endpoint)) most.set(server, Math.min(MOST, own, most.get(server) ?? MOST));
  }
  return most;
}
