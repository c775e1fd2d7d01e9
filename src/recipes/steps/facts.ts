import { existsSync, readdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { engineStatus, type InstalledEngine } from '../../engines/store.ts';
import type { EngineName } from '../../engines/types.ts';
import { keptFarEngine } from '../../hosts/store.ts';
import { servedName } from '../../models/served-embedder.ts';
import {
  findModel,
  listAdapters,
  listEndpoints,
  modelFolder,
  readManifest,
  readOwnModels,
} from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { hashFile } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { hashOf } from '../plan.ts';
import { withoutEngine } from '../references.ts';

/** A file or folder that a recipe names: from its own folder, or where the command was given. Errors: `not-found`. */
export function findPath(name: string, folders: readonly string[]): string {
  const whole = name.startsWith('~/') ? path.join(os.homedir(), name.slice(2)) : name;
  const places = path.isAbsolute(whole) ? [whole] : folders.map((folder) => path.resolve(folder, whole));
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new RagtuiError('not-found', `There is no ${name}.`, `Looked for: ${[...new Set(places)].join(', ')}.`);
}

/** The bytes of a file, or of all files of a folder, as a hash. */
export async function digestOfPath(target: string, signal: AbortSignal): Promise<string> {
  const files = statSync(target).isDirectory()
    ? readdirSync(target, { recursive: true, encoding: 'utf8' }).filter((name) =>
        statSync(path.join(target, name)).isFile(),
      )
    : [''];
  const hashes: [string, string][] = [];
  for (const name of files.sort()) hashes.push([name, await hashFile(path.join(target, name), signal)]);
  return hashOf(hashes);
}

/**
 * What stands for a model by name: the hashes of its files; of an endpoint its address and the name there, so that other
 * weights behind these are not noticed. Errors: `not-found`.
 */
export function modelDigest(paths: WorkspacePaths, model: string): unknown {
  const name = servedName(model)?.model ?? withoutEngine(model);
  const endpoint = listEndpoints(paths).find((one) => one.name === name);
  if (endpoint) return ['endpoint', endpoint.name, endpoint.url, endpoint.model];
  const adapter = listAdapters(paths).find((one) => one.name === name);
  if (adapter) return [modelDigest(paths, adapter.base), adapter.sha256];
  const entry = findModel(paths, name);
  const pinned = entry.files.map((file) => [file.name, file.sha256 ?? null]);
  // What the hub alone has gets its hashes when it is pulled.
  const learned = pinned.some(([, sha]) => sha === null) ? readManifest(modelFolder(paths, name)) : undefined;
  // How one's own embeds was said when it was added, and may be said otherwise the next time.
  const isOwn = readOwnModels(paths).models.some((model) => model.entry.id === name);
  const said = isOwn && 'embedder' in entry ? [entry.embedder] : [];
  return [entry.kind, pinned, learned?.files ?? null, ...said];
}

/** What an engine is that a step runs on, here or on a launcher's host. */
export function engineDigest(paths: WorkspacePaths, engine: EngineName, launcher: string | undefined): unknown {
  const found = engineWhere(paths, engine, launcher);
  return found ? [found.device, found.versions] : null;
}

/** An engine on this machine, or as it was on a launcher's host when that was looked at last; undefined: there is none. */
export const engineWhere = (
  paths: WorkspacePaths,
  engine: EngineName,
  launcher: string | undefined,
): Pick<InstalledEngine, 'device' | 'versions'> | undefined =>
  launcher === undefined ? (engineStatus(paths, engine).manifest ?? undefined) : keptFarEngine(paths, launcher, engine);
