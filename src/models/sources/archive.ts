import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { errnoOf, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';

export interface ExtractOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Streams one member of a zip (a wheel or a jar) into `destination`, replacing it. Only the member named is touched
 * and its own path is never used. Throws `corrupt` when the archive is broken, `not-found` when it has no such member.
 */
export async function extractMember(
  archive: string,
  member: string,
  destination: string,
  { signal, onBytes }: ExtractOptions = {},
): Promise<void> {
  const zip = await yauzl.openPromise(archive, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
    throw broken(archive, error);
  });
  try {
    const entry = await findEntry(zip, member).catch((error: unknown) => {
      throw broken(archive, error);
    });
    if (!entry) throw new RagtuiError('not-found', `the package has no member ${member}`);
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        onBytes?.(bytes);
        done(null, chunk);
      },
    });
    const content = await zip.openReadStreamPromise(entry);
    await pipeline(content, count, createWriteStream(destination, { mode: 0o600 }), signal ? { signal } : {});
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof RagtuiError) throw error;
    throw errnoOf(error) ? toRagtuiError(error) : broken(archive, error);
  } finally {
    zip.close();
  }
}

function findEntry(zip: yauzl.ZipFile, member: string): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    zip.once('error', reject);
    zip.once('end', () => resolve(undefined));
    zip.on('entry', (entry: yauzl.Entry) => {
      if (entry.fileName === member) resolve(entry);
      else zip.readEntry();
    });
    zip.readEntry();
  });
}

function broken(archive: string, error: unknown): RagtuiError {
  const why = error instanceof Error ? error.message : String(error);
  return new RagtuiError('corrupt', `the package ${archive} is damaged (${why})`, '', { cause: error });
}
