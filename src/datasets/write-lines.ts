import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toRagtuiError } from '../platform/errors.ts';
import { syncPath } from '../platform/files.ts';
import { temporaryBeside } from './temporary-file.ts';

const FLUSH_CHARS = 1 << 20;

/** Replaces `file` by one line of JSON for each value, whole or not at all. Returns how many lines. */
export function replaceLines(file: string, values: AsyncIterable<unknown>): Promise<number> {
  return replaceText(file, jsonLines(values));
}

async function* jsonLines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

/** Replaces `file` by these pieces, whole or not at all. Returns how many there were. */
export async function replaceText(file: string, pieces: AsyncIterable<string>): Promise<number> {
  const temporary = temporaryBeside(file);
  let handle: number | undefined;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    handle = openSync(temporary, 'wx', 0o600);
    const lines = await writeAll(handle, pieces);
    fsyncSync(handle);
    closeSync(handle);
    handle = undefined;
    renameSync(temporary, file);
    syncPath(path.dirname(file));
    return lines;
  } catch (error) {
    if (handle !== undefined) closeSync(handle);
    rmSync(temporary, { force: true });
    throw toRagtuiError(error);
  }
}

async function writeAll(handle: number, pieces: AsyncIterable<string>): Promise<number> {
  let lines = 0;
  let held: string[] = [];
  let chars = 0;
  const flush = () => {
    writeFileSync(handle, held.join(''));
    held = [];
    chars = 0;
  };
  for await (const line of pieces) {
    held.push(line);
    chars += line.length;
    lines++;
    if (chars >= FLUSH_CHARS) flush();
  }
  flush();
  return lines;
}
