import { closeSync, fdatasync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import type { z } from 'zod';
import { errnoOf, toRagtuiError } from './errors.ts';
import { parseJson } from './json.ts';

/** A line on its way to the disk, and who waits for it. */
interface Pending {
  readonly line: string;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * A file of JSON lines, each on the disk before its `append` resolves: what is finished survives any kill. What is appended
 * while the disk is busy goes there together, so that many that are in work do not wait for one another's turn.
 */
export class LineLog<T> {
  readonly #fd: number;
  #torn = false;
  #pending: Pending[] = [];
  #writing: Promise<void> | undefined;

  constructor(file: string) {
    try {
      this.#fd = openSync(file, 'a+', 0o600);
      this.#closeTornLine();
    } catch (error) {
      throw toRagtuiError(error);
    }
  }

  /** Errors: `disk-full` and the like; the line then counts as not written. */
  append(value: T): Promise<void> {
    const line = `${JSON.stringify(value)}\n`;
    return new Promise((written, failed) => {
      this.#pending.push({ line, written, failed });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** Waits for what is on its way. */
  async close(): Promise<void> {
    await this.#writing;
    closeSync(this.#fd);
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        writeWhole(this.#fd, `${this.#torn ? '\n' : ''}${batch.map(({ line }) => line).join('')}`);
        await synced(this.#fd);
        this.#torn = false;
        for (const { written } of batch) written();
      } catch (error) {
        this.#torn = true;
        for (const { failed } of batch) failed(toRagtuiError(error));
      }
    }
  }

  #closeTornLine(): void {
    const { size } = fstatSync(this.#fd);
    if (size === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, size - 1);
    if (last[0] !== 0x0a) writeSync(this.#fd, '\n');
  }
}

/** All of a text: one call may take less when the disk is nearly full. */
function writeWhole(fd: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
}

/** The data, and of its description what is needed to find it again. */
const synced = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));

/** The lines of a file that fit the schema; none when it is not there. A torn last line is not one. */
export function readLines<S extends z.ZodType>(file: string, schema: S): z.output<S>[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
  return text.split('\n').flatMap((line) => {
    const parsed = schema.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}
