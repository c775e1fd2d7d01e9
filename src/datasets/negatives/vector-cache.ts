import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { toRagtuiError } from '../../platform/errors.ts';
import { lockFile } from '../../platform/lock.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';

const KEY_BYTES = 16;

/**
 * Vectors of one embedder on disk, by a hash of the exact text: what was embedded before a kill is not embedded
 * again, and a second mining with other settings embeds nothing. Records of fixed size, appended; held by one process.
 */
export class VectorCache {
  private readonly places = new Map<string, number>();
  private readonly recordBytes: number;
  private end: number;

  private constructor(
    private readonly handle: number,
    private readonly dimension: number,
    private readonly release: () => void,
  ) {
    this.recordBytes = KEY_BYTES + 4 * dimension;
    const { size } = fstatSync(handle);
    this.end = size - (size % this.recordBytes);
    // A kill may have cut the last record.
    if (this.end < size) ftruncateSync(handle, this.end);
    const key = Buffer.alloc(KEY_BYTES);
    for (let at = 0; at < this.end; at += this.recordBytes) {
      readSync(handle, key, 0, KEY_BYTES, at);
      this.places.set(key.toString('latin1'), at);
    }
  }

  /** Waits while another process has it. Errors: `cancelled`, `disk-full`, `permission`. */
  static async open(
    paths: WorkspacePaths,
    { fingerprint, dimension }: { readonly fingerprint: string; readonly dimension: number },
    signal: AbortSignal,
  ): Promise<VectorCache> {
    const file = path.join(paths.datasets, '.vectors', `${fingerprint}.vec`);
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const release = await lockFile(`${file}.lock`, { signal });
    try {
      return new VectorCache(openSync(file, 'a+', 0o600), dimension, release);
    } catch (error) {
      release();
      throw toRagtuiError(error);
    }
  }

  has(text: string): boolean {
    return this.places.has(keyOf(text).toString('latin1'));
  }

  /** The vector of a text that is here. */
  get(text: string): Float32Array | undefined {
    const at = this.places.get(keyOf(text).toString('latin1'));
    if (at === undefined) return undefined;
    const bytes = Buffer.alloc(4 * this.dimension);
    readSync(this.handle, bytes, 0, bytes.length, at + KEY_BYTES);
    return Float32Array.from({ length: this.dimension }, (_, index) => bytes.readFloatLE(4 * index));
  }

  /** Everything is on the disk when this returns. */
  add(texts: readonly string[], vectors: readonly Float32Array[]): void {
    const records = texts.map((text, index) => recordOf(keyOf(text), vectors[index] ?? new Float32Array()));
    try {
      const all = Buffer.concat(records);
      for (let done = 0; done < all.length; ) done += writeSync(this.handle, all, done);
      fsyncSync(this.handle);
    } catch (error) {
      throw toRagtuiError(error);
    }
    for (const text of texts) {
      this.places.set(keyOf(text).toString('latin1'), this.end);
      this.end += this.recordBytes;
    }
  }

  close(): void {
    closeSync(this.handle);
    this.release();
  }
}

const keyOf = (text: string): Buffer => createHash('sha256').update(text).digest().subarray(0, KEY_BYTES);

function recordOf(key: Buffer, vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * vector.length);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, 4 * index);
  });
  return Buffer.concat([key, bytes]);
}
