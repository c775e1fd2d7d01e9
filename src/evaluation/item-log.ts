import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, toRagtuiError } from '../platform/errors.ts';
import { type ItemResult, itemResultSchema } from './types.ts';

export const itemsFile = (folder: string): string => path.join(folder, 'items.jsonl');

/** Appends finished items, each on the disk before `append` returns: what is finished survives any kill. */
export class ItemLog {
  readonly #fd: number;
  #torn = false;

  constructor(folder: string) {
    try {
      this.#fd = openSync(itemsFile(folder), 'a+', 0o600);
      this.#closeTornLine();
    } catch (error) {
      throw toRagtuiError(error);
    }
  }

  /** Errors: `disk-full` and the like; the item then counts as not finished. */
  append(item: ItemResult): void {
    try {
      writeSync(this.#fd, `${this.#torn ? '\n' : ''}${JSON.stringify(item)}\n`);
      fsyncSync(this.#fd);
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      throw toRagtuiError(error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #closeTornLine(): void {
    const { size } = fstatSync(this.#fd);
    if (size === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, size - 1);
    if (last[0] !== 0x0a) writeSync(this.#fd, '\n');
  }
}

/** The finished items of a run's folder; a torn last line is not one. */
export function readItems(folder: string): ItemResult[] {
  let text: string;
  try {
    text = readFileSync(itemsFile(folder), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
  return text.split('\n').flatMap((line) => parseItem(line) ?? []);
}

function parseItem(line: string): ItemResult | undefined {
  if (line === '') return undefined;
  try {
    const parsed = itemResultSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
