import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { RagtuiError, toRagtuiError } from './errors.ts';

/** Hex sha256 of a file, read as a stream. `onBytes` gets the bytes read so far. Throws `cancelled` on abort. */
export async function hashFile(file: string, signal?: AbortSignal, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) })) {
      const piece: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      hash.update(piece);
      bytes += piece.length;
      onBytes?.(bytes);
    }
  } catch (error) {
    throwIfAborted(signal);
    throw toRagtuiError(error);
  }
  return hash.digest('hex');
}

/** Throws `cancelled` when `signal` has fired. */
export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
}

/** Replaces `file` by JSON of `value`, as `writeTextAtomic` does. */
export function writeJsonAtomic(file: string, value: unknown): void {
  writeTextAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Replaces `file` by `text`: after a crash or a full disk it is the old one whole or the new one whole. Mode 0600. */
export function writeTextAtomic(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw toRagtuiError(error);
  }
  syncPath(path.dirname(file));
}

/** Flushes a file's bytes, or a folder's names, to the disk. */
export function syncPath(target: string): void {
  const handle = openSync(target, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
