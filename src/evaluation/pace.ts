import type { ReadyColumn } from './ask-column.ts';
import { Lane, type Place } from './lane.ts';
import type { Evaluation } from './types.ts';

/** More at once are never tried by itself. */
const MOST = 64;
/** The knowledge base answers in one process: a few keep it busy. */
const MOST_SEARCHING = 4;
/** Items in work beyond the places at the servers: while one is scored and written, the next stands in line. */
const SPARE = 0.25;

/** How many items are in work at once: so many as was said, or as each server takes. */
export class Pace {
  readonly #lanes: ReadonlyMap<string, Lane>;
  #said: Evaluation['concurrency'];

  constructor(said: Evaluation['concurrency'], columns: readonly ReadyColumn[]) {
    this.#said = said;
    const limited = said === 'auto';
    this.#lanes = new Map([...mostByServer(columns)].map(([server, most]) => [server, new Lane({ most, limited })]));
  }

  /** As a person reads it: what was said, or the places at all servers together. */
  get places(): number {
    if (this.#said !== 'auto') return this.#said;
    return [...this.#lanes.values()].reduce((sum, { places }) => sum + places, 0);
  }

  /** Items that may be in work. */
  get items(): number {
    return this.#said === 'auto' ? this.places + Math.ceil(SPARE * this.places) : this.#said;
  }

  /** Waits for the column's turn at its server. */
  take(column: ReadyColumn): Promise<Place> {
    const lane = this.#laneOf(column);
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
    if (column) this.#laneOf(column)?.overrun();
  }

  goesOn(): void {
    for (const lane of this.#lanes.values()) lane.restart();
  }

  /** Nobody is to wait any more: the run is over. */
  dissolve(): void {
    for (const lane of this.#lanes.values()) lane.dissolve();
  }

  #laneOf(column: ReadyColumn): Lane | undefined {
    return this.#lanes.get(serverOf(column));
  }
}

const KB = 'kb';

/** Columns of one address share what it can do, whatever their models are called. */
const serverOf = ({ llm }: ReadyColumn): string => (llm ? llm.endpoint.url.replace(/\/+$/, '') : KB);

/** The embedded LLM answers strictly one at a time; a limit that the user set for an endpoint is kept to. */
function mostByServer(columns: readonly ReadyColumn[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const column of columns) {
    const { llm } = column;
    const own = llm ? (llm.endpoint.embedded ? 1 : (llm.endpoint.limits?.concurrency ?? MOST)) : MOST_SEARCHING;
    const server = serverOf(column);
    most.set(server, Math.min(MOST, own, most.get(server) ?? MOST));
  }
  return most;
}
