import type { LlamaModel, Token } from 'node-llama-cpp';

/** A character can be spread over several tokens; a longer run of broken bytes is shown as what it is. */
const MAX_BROKEN_TOKENS = 8;

/** Text of a stream of tokens; waits for the rest of a character that is spread over several. */
export class TextStream {
  readonly #model: LlamaModel;
  #before: Token[];
  #pending: Token[] = [];

  constructor(model: LlamaModel, before: Token[]) {
    this.#model = model;
    this.#before = before;
  }

  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#model.detokenize(this.#pending, false, this.#before);
    if (text.endsWith('\ufffd') && this.#pending.length < MAX_BROKEN_TOKENS) return '';
    return this.#take(text);
  }

  end(): string {
    return this.#pending.length > 0 ? this.#take(this.#model.detokenize(this.#pending, false, this.#before)) : '';
  }

  #take(text: string): string {
    this.#before = [...this.#before, ...this.#pending].slice(-4);
    this.#pending = [];
    return text;
  }
}
