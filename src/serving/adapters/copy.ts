import { constants, existsSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { hashFile } from '../../platform/files.ts';
import { copiesFolder } from './state.ts';

const WEIGHTS = 'adapter_model.safetensors';
const CONFIG = 'adapter_config.json';
const FILES = [CONFIG, WEIGHTS];

/** sha256 of an adapter's weights: of a peft folder, or of a GGUF file. Errors: `not-found`, `cancelled`. */
export async function adapterHash(source: string, signal?: AbortSignal): Promise<string> {
  const file = statSync(source).isDirectory() ? path.join(source, WEIGHTS) : source;
  if (!existsSync(file)) throw new RagtuiError('not-found', `${source} has no ${WEIGHTS}.`, 'Save it as safetensors.');
  return await hashFile(file, signal);
}

/** Whether two adapters say the same beside their weights: with another alpha the same weights change another amount. */
export function haveSameConfig(one: string, other: string): boolean {
  const config = (source: string): string => {
    const file = path.join(source, CONFIG);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  return config(one) === config(other);
}

/**
 * Copies an adapter into a job's folder under the name it will be served by, and returns where: what the server reads
 * then never changes, whatever happens to the original. Times are kept, so that copies of the same file look the same.
 */
export async function copyAdapter(source: string, folder: string, served: string): Promise<string> {
  const copies = copiesFolder(folder);
  try {
    await mkdir(copies, { recursive: true, mode: 0o700 });
    if (!statSync(source).isDirectory()) {
      const target = path.join(copies, `${served}.gguf`);
      await copyWithTimes(source, `${target}.part`);
      await rename(`${target}.part`, target);
      return target;
    }
    const target = path.join(copies, served);
    const part = `${target}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { mode: 0o700 });
    for (const name of FILES) await copyWithTimes(path.join(source, name), path.join(part, name));
    await rename(part, target);
    return target;
  } catch (error) {
    throw toRagtuiError(error);
  }
}

async function copyWithTimes(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const { atime, mtime } = statSync(from);
  await utimes(to, atime, mtime);
}
