const MASK = '[key]';
/** Shorter ones would mask ordinary words. */
const SHORTEST = 8;
/** So much of a key's beginning (`sk-`) is shown at once: holding back every word that ends in "s" would stutter. */
const HARMLESS = 3;

/**
 * Takes our own key out of an answer while it arrives, wherever the pieces are cut: what a server echoes ends in
 * histories and exports.
 */
export class KeyMask {
  readonly #key: string;
  /** The end of what came, as far as it could be the beginning of the key. */
  #tail = '';
  /** How much of it was shown already. */
  #shown = 0;

  constructor(key: string | undefined) {
    this.#key = key !== undefined && key.length >= SHORTEST ? key : '';
  }

  push(text: string): string {
    const key = this.#key;
    if (key === '') return text;
    const raw = this.#tail + text;
    let result = '';
    let at = this.#shown;
    for (let hit = raw.indexOf(key); hit >= 0; hit = raw.indexOf(key, at)) {
      result += raw.slice(at, hit) + MASK;
      at = hit + key.length;
    }
    const begins = this.#beginningAtEnd(raw.slice(at === this.#shown ? 0 : at));
    const upTo = begins > HARMLESS ? Math.max(at, raw.length - begins) : raw.length;
    this.#tail = raw.slice(raw.length - begins);
    this.#shown = upTo - (raw.length - begins);
    return result + raw.slice(at, upTo);
  }

  /** What was held back, when no more comes. */
  end(): string {
    const rest = this.#tail.slice(this.#shown);
    this.#tail = '';
    this.#shown = 0;
    return rest;
  }

  /** Length of the longest end of `text` that could be the beginning of the key. */
  #beginningAtEnd(text: string): number {
    for (let length = Math.min(this.#key.length - 1, text.length); length > 0; length -= 1) {
      if (this.#key.startsWith(text.slice(text.length - length))) return length;
    }
    return 0;
  }
}
