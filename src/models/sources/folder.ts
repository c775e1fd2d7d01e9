import { createReadStream, createWriteStream, statSync } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { SourceDriver, SourceOf } from './source.ts';

/** A folder of the user's own: absolute, or named inside RAGTUI_MODELS_DIR. */
export const folderSource: SourceDriver<SourceOf<'folder'>> = {
  describe: (source, env) => `folder ${folderOf(source.folder, env) ?? `RAGTUI_MODELS_DIR/${source.folder}`}`,

  async fetch(file, source, part, { env, signal, onBytes }) {
    const folder = folderOf(source.folder, env);
    if (!folder) throw new RagtuiError('unavailable', 'RAGTUI_MODELS_DIR is not set');
    const from = path.join(folder, file.name);
    const stat = statSync(from, { throwIfNoEntry: false });
    if (!stat?.isFile()) throw new RagtuiError('not-found', `${from} does not exist`);
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        onBytes(bytes, 'downloading', stat.size);
        done(null, chunk);
      },
    });
    try {
      const options = signal ? { signal } : {};
      await pipeline(createReadStream(from), count, createWriteStream(part, { mode: 0o600 }), options);
    } catch (error) {
      throwIfAborted(signal);
      throw toRagtuiError(error);
    }
    return undefined;
  },
};

function folderOf(folder: string, env: NodeJS.ProcessEnv): string | undefined {
  if (path.isAbsolute(folder)) return folder;
  const root = env['RAGTUI_MODELS_DIR'];
  return root ? path.join(path.resolve(root), folder) : undefined;
}
