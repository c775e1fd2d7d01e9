import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts bytes that come in pieces of any size into lines. A carriage return ends a line too: that is how progress bars
 * write over themselves. The last line without its end waits for the rest.
 */
export class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(bytes))).split(/\r\n|\n|\r(?!\n|$)/);
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  /** What is left at the end of the file. */
  end(): string {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    return rest;
  }
}
