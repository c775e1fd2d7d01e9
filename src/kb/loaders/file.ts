import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { SourceFile } from './types.ts';

export interface OpenSource extends SourceFile {
  /** The first bytes, to tell the format. */
  head(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Opens a regular file; never blocks on a FIFO. Errors: not-found (vanished), permission, unsupported (no regular file). */
export async function openSource(path: string): Promise<OpenSource> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw readError(error);
  }
  try {
    const stat = await handle.stat();
    checkRegular(stat);
    return {
      path,
      size: stat.size,
      head: () => readAll(handle, Math.min(stat.size, 512)),
      read: () => readAll(handle, stat.size),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw readError(error);
  }
}

/** Throws `unsupported` for what is no regular file, naming what it is. */
export function checkRegular(stat: Stats): void {
  if (stat.isFile()) return;
  const kind = stat.isDirectory()
    ? 'a folder'
    : stat.isFIFO()
      ? 'a named pipe'
      : stat.isSocket()
        ? 'a socket'
        : 'a device';
  throw new RagtuiError('unsupported', `It is ${kind}, not a file.`, 'Name a regular file.');
}

/** Throws for an empty file (invalid) and one of more than `maxBytes` (unsupported). */
export function checkSize(size: number, maxBytes: number): void {
  if (size === 0) throw new RagtuiError('invalid', 'The file is empty.', 'Remove it, or put text into it.');
  if (size <= maxBytes) return;
  throw new RagtuiError(
    'unsupported',
    `The file has ${megabytes(size)} MB; the limit for its kind is ${megabytes(maxBytes)} MB.`,
    'Split it into smaller files.',
  );
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0);

async function readAll(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await handle.read(bytes, at, size - at, at).catch(rethrow);
    if (bytesRead === 0) throw changedWhileReading();
    at += bytesRead;
  }
  return bytes;
}

const changedWhileReading = (): RagtuiError =>
  new RagtuiError(
    'unavailable',
    'The file became shorter while it was being read.',
    'Run the same command again when nothing writes to it.',
  );

function rethrow(error: unknown): never {
  throw readError(error);
}

/** File-system errors in words that stand beside a path. */
export function readError(error: unknown): RagtuiError {
  if (error instanceof RagtuiError) return error;
  const errno = errnoOf(error);
  const known = errno ? IN_WORDS[errno] : undefined;
  if (known) return new RagtuiError(known[0], known[1], known[2], { cause: error });
  return toRagtuiError(error);
}

const IN_WORDS: Readonly<
  Record<string, readonly ['not-found' | 'permission' | 'unsupported' | 'busy', string, string]>
> = {
  ENOENT: ['not-found', 'The file is not there (any more).', 'Run the same command again if it should be.'],
  EACCES: [
    'permission',
    'The file may not be read by this user.',
    'Check its owner and mode, and those of its folders.',
  ],
  EPERM: [
    'permission',
    'The file may not be read by this user.',
    'Check its owner and mode, and those of its folders.',
  ],
  EISDIR: ['unsupported', 'It is a folder, not a file.', 'Name a regular file.'],
  ENXIO: ['unsupported', 'It is a socket or device, not a file.', 'Name a regular file.'],
  ENODEV: ['unsupported', 'It is a device, not a file.', 'Name a regular file.'],
  ELOOP: ['unsupported', 'It is a symbolic link that leads back to itself.', 'Remove the link.'],
  ENOTDIR: ['not-found', 'A part of the path is a file, not a folder.', 'Check the path.'],
  ENAMETOOLONG: ['unsupported', 'The name is too long for the file system.', 'Shorten the path.'],
  EMFILE: ['busy', 'Too many files are open.', 'Run the same command again, or raise `ulimit -n`.'],
};
