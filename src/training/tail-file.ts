import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../platform/errors.ts';
import { LineCutter } from './readers/lines.ts';

const READ_BYTES = 64 * 1024;

/** Reads the lines a growing file has got since the last look. The file may not be there yet. */
export class FileTail {
  readonly #file: string;
  readonly #onLine: (line: string) => void;
  #cutter = new LineCutter();
  #offset: number;

  /** `from`: bytes to pass over, for a file that an earlier session wrote into. */
  constructor(file: string, onLine: (line: string) => void, from = 0) {
    this.#file = file;
    this.#onLine = onLine;
    this.#offset = from;
  }

  /** The file was written anew: all its lines are told again. */
  rewind(): void {
    this.#cutter = new LineCutter();
    this.#offset = 0;
  }

  look(): void {
    const fd = this.#open();
    if (fd === undefined) return;
    try {
      const buffer = Buffer.alloc(READ_BYTES);
      for (;;) {
        const read = readSync(fd, buffer, 0, buffer.length, this.#offset);
        if (read === 0) return;
        this.#offset += read;
        for (const line of this.#cutter.push(buffer.subarray(0, read))) this.#onLine(line);
      }
    } finally {
      closeSync(fd);
    }
  }

  #open(): number | undefined {
    try {
      return openSync(this.#file, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}
