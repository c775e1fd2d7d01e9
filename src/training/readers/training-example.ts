import { z } from 'zod';
import { parseJson } from '../../platform/json.ts';

/** The row that LLaMA-Factory prints before it trains, as token ids. */
export interface TrainingExample {
  readonly ids: readonly number[];
  /** The ids again, those that are not learnt as -100. */
  readonly labels: readonly number[];
  /** The row as the engine reads it back from its ids. */
  readonly text: string;
}

const idsSchema = z.array(z.number().int());
/** The answer that is preferred stands for both in a ranking. */
const PREFIXES = ['', 'chosen_'];

/** Finds the example in the lines of the engine's stdout; done once it is complete. */
export class ExampleReader {
  #state: 'before' | 'ids' | 'text' | 'labels' = 'before';
  #ids: number[] = [];
  readonly #text: string[] = [];
  #found: TrainingExample | undefined;

  get found(): TrainingExample | undefined {
    return this.#found;
  }

  push(line: string): void {
    if (this.#found) return;
    if (line === 'training example:') this.#state = 'ids';
    else if (this.#state === 'ids') this.#readIds(line);
    else if (this.#state === 'text') {
      if (named(line, 'label_ids')) this.#state = 'labels';
      else if (this.#text.length > 0 || !named(line, 'inputs')) this.#text.push(line);
    } else if (this.#state === 'labels') this.#readLabels(line);
  }

  #readIds(line: string): void {
    const ids = parseIds(line);
    if (!ids) return;
    this.#ids = ids;
    this.#state = 'text';
  }

  #readLabels(line: string): void {
    const labels = parseIds(line);
    if (labels?.length === this.#ids.length) {
      this.#found = { ids: this.#ids, labels, text: this.#text.join('\n') };
      return;
    }
    // A text may hold a line like the one that ends it.
    this.#text.push('label_ids:', line);
    this.#state = 'text';
  }
}

const named = (line: string, name: string): boolean => PREFIXES.some((prefix) => line === `${prefix}${name}:`);

function parseIds(line: string): number[] | undefined {
  return line.startsWith('[') ? idsSchema.safeParse(parseJson(line)).data : undefined;
}
