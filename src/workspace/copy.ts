import { createHash } from 'node:crypto';
import { constants, createWriteStream, lstatSync, mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';

/** How far a copy is; bytes. */
export interface CopyProgress {
  readonly phase: 'database' | 'files' | 'check';
  readonly done: number;
  readonly total: number;
}

/** Copies one file (0600, flushed to the disk) and hashes what was copied. Errors: `disk-full`, `cancelled`, `corrupt` for what is no plain file. */
export async function copyHashed(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> {
  mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
  const sink = createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true });
  return throughHash(from, signal, onBytes, sink);
}

/** The hash of a plain file. Errors as `copyHashed`. */
export const hashPlain = (
  from: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> => throughHash(from, signal, onBytes);

async function throughHash(
  from: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
  sink?: NodeJS.WritableStream,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(chunk.length);
      next(null, sink ? chunk : undefined);
    },
  });
  try {
    // A link could lead anywhere.
    const file = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
    const source = file.createReadStream({ highWaterMark: 1 << 20 });
    await (sink
      ? pipeline(source, tap, sink, { ...(signal ? { signal } : {}) })
      : pipeline(source, tap.resume(), { ...(signal ? { signal } : {}) }));
  } catch (error) {
    if (signal?.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
    throw toRagtuiError(error);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Plain files below a folder that `keep` lets through, as paths relative to `root`, in order. Links are not followed. */
export function plainFiles(root: string, below: string, keep: (relative: string) => boolean): string[] {
  const folder = path.join(root, below);
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const relative = path.posix.join(below, entry.name);
      if (!keep(relative)) return [];
      if (entry.isDirectory()) return plainFiles(root, relative, keep);
      return entry.isFile() ? [relative] : [];
    });
}

/** Bytes of all plain files below a folder or file. */
export function sizeOf(target: string): number {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.size ?? 0;
  return readdirSync(target).reduce((sum, name) => sum + sizeOf(path.join(target, name)), 0);
}

/** Refuses what will not fit before anything is written. Errors: `disk-full`. */
export function assertRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > bytes) return;
  const mb = (count: number) => Math.ceil(count / 1e6);
  throw new RagtuiError(
    'disk-full',
    `${folder} has room for ${mb(bavail * bsize)} MB, ${mb(bytes)} MB are needed.`,
    'Make room, or choose another disk.',
  );
}
