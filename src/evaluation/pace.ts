import type { ReadyColumn } from './ask-column.ts';
import { type Finished, KneeFinder } from './knee-finder.ts';
import type { Evaluation } from './types.ts';

/** More at once are never tried by itself. */
const MOST = 64;
/** The knowledge base answers in one process: a few keep it busy. */
const MOST_SEARCHING = 4;

/** How many items are in work at once: so many as was said, or as the servers take. */
export class Pace {
  readonly #most: number;
  #said: Evaluation['concurrency'];
  #finder: KneeFinder;

  constructor(said: Evaluation['concurrency'], columns: readonly ReadyColumn[]) {
    this.#said = said;
    this.#most = mostOf(columns);
    this.#finder = new KneeFinder({ most: this.#most });
  }

  get places(): number {
    return this.#said === 'auto' ? this.#finder.places : this.#said;
  }

  /** A person said something else. */
  say(said: Evaluation['concurrency']): void {
    if (said === this.#said) return;
    this.#said = said;
    if (said === 'auto') this.#finder = new KneeFinder({ most: this.#most });
  }

  finished(done: Finished): void {
    if (this.#said === 'auto') this.#finder.finished(done);
  }

  overrun(now: number): void {
    if (this.#said === 'auto') this.#finder.overrun(now);
  }

  goesOn(now: number): void {
    this.#finder.restart(now);
  }
}

/** The embedded LLM answers strictly one at a time; a limit that the user set for an endpoint is kept to. */
function mostOf(columns: readonly ReadyColumn[]): number {
  const endpoints = new Map(
    columns.flatMap(({ llm }) => (llm ? [[llm.endpoint.name ?? llm.endpoint.url, llm] as const] : [])),
  );
  if (endpoints.size === 0) return MOST_SEARCHING;
  const limits = [...endpoints.values()].map(({ endpoint }) =>
    endpoint.embedded ? 1 : (endpoint.limits?.concurrency ?? MOST),
  );
  return limits.includes(1)
    ? 1
    : Math.min(
        MOST,
        limits.reduce((sum, limit) => sum + limit, 0),
      );
}
