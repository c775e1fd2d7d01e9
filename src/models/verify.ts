import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import { hashFile } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findModel, modelFolder, readManifest, readOwnModels } from './store.ts';

/** What `verifyModel` appends to the name of a file with other bytes. */
export const DAMAGED = '.damaged';

export interface VerifyReport {
  readonly id: string;
  readonly ok: boolean;
  readonly files: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

/**
 * Reads every byte of a model and compares hashes. A pulled file with other bytes is put aside as `NAME.damaged`, so
 * that from then on its model counts as damaged and a pull fetches it anew. Throws `unavailable` when it is not here.
 */
export async function verifyModel(paths: WorkspacePaths, id: string, signal?: AbortSignal): Promise<VerifyReport> {
  const entry = findModel(paths, id);
  const local = readOwnModels(paths).models.find((model) => model.entry.id === id);
  const folder = local?.folder ?? modelFolder(paths, id);
  const files: readonly { name: string; path: string; sha256: string }[] | undefined =
    local?.files ?? readManifest(folder)?.files.map((file) => ({ ...file, path: path.join(folder, file.name) }));
  if (!files)
    throw new RagtuiError('unavailable', `Model "${id}" is not here.`, `Run "ragtui models pull ${entry.id}".`);
  const checks = [];
  for (const file of files) {
    if (!existsSync(file.path)) {
      checks.push({ name: file.name, ok: false, detail: 'missing' });
      continue;
    }
    const sha256 = await hashFile(file.path, signal);
    const pinned = local ? undefined : entry.files.find((one) => one.name === file.name)?.sha256;
    const ok = sha256 === file.sha256;
    if (!ok && !local) setAside(file.path);
    const origin = pinned === sha256 ? 'sha256 as in the catalogue' : 'sha256 as first seen';
    checks.push({ name: file.name, ok, detail: ok ? origin : `sha256 ${sha256}, not ${file.sha256}` });
  }
  return { id, ok: checks.every((check) => check.ok), files: checks };
}

function setAside(file: string): void {
  try {
    renameSync(file, `${file}${DAMAGED}`);
  } catch {
    // A folder that cannot be written to: the report still says what is wrong.
  }
}
