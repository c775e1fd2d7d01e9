import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { engineLocksDir } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { ENGINES } from './definitions.ts';
import {
  type EngineDevice,
  type EngineManifest,
  type EngineName,
  type EngineStatus,
  engineManifestSchema,
} from './types.ts';

/** An engine that can be run: its Python, and the device it was installed for. */
export interface InstalledEngine {
  readonly name: EngineName;
  readonly python: string;
  readonly device: EngineDevice;
  readonly versions: Readonly<Record<string, string>>;
}

export const engineFolder = (paths: WorkspacePaths, name: EngineName): string => path.join(paths.engines, name);
export const manifestFile = (paths: WorkspacePaths, name: EngineName): string =>
  path.join(engineFolder(paths, name), 'engine.json');
/** Python of an environment we made. */
export const environmentPython = (paths: WorkspacePaths, name: EngineName): string =>
  path.join(engineFolder(paths, name), 'bin', 'python');
export const lockOf = (name: EngineName, device: EngineDevice): string =>
  path.join(engineLocksDir(), ENGINES[name].locks[device]);
export const hashOfLock = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Waits until nobody else installs or removes this engine; returns the way to give the lock back. */
export const lockEngine = (paths: WorkspacePaths, name: EngineName, signal?: AbortSignal): Promise<() => void> =>
  lockFile(path.join(paths.engines, `${name}.lock`), signal ? { signal } : {});

/** What is here of one engine. Reads two small files. */
export function engineStatus(paths: WorkspacePaths, name: EngineName): EngineStatus {
  const definition = ENGINES[name];
  const folder = engineFolder(paths, name);
  const manifest = readManifest(manifestFile(paths, name));
  if (!manifest || !existsSync(manifest.python)) {
    return { definition, folder, manifest: null, state: existsSync(folder) ? 'partial' : 'absent' };
  }
  const current = !manifest.managed || manifest.lock === hashOfLock(lockOf(name, manifest.device));
  return { definition, folder, manifest, state: current ? 'present' : 'outdated' };
}

export const listEngines = (paths: WorkspacePaths): EngineStatus[] =>
  Object.values(ENGINES).map(({ name }) => engineStatus(paths, name));

/** The engine, ready to run. Throws `unavailable` with the command that installs it. */
export function installedEngine(paths: WorkspacePaths, name: EngineName): InstalledEngine {
  const { definition, manifest } = engineStatus(paths, name);
  if (!manifest) {
    throw new RagtuiError(
      'unavailable',
      `${definition.title} is not installed here.`,
      `Run "ragtui engines install ${name}".`,
    );
  }
  return { name, python: manifest.python, device: manifest.device, versions: manifest.versions };
}

/** Deletes an environment we made, or forgets one of the user's own. Throws `not-found`. */
export async function removeEngine(paths: WorkspacePaths, name: EngineName, signal?: AbortSignal): Promise<void> {
  const unlock = await lockEngine(paths, name, signal);
  try {
    const folder = engineFolder(paths, name);
    if (!existsSync(folder)) throw new RagtuiError('not-found', `${ENGINES[name].title} is not installed here.`);
    rmSync(manifestFile(paths, name), { force: true });
    rmSync(folder, { recursive: true, force: true });
  } finally {
    unlock();
  }
}

function readManifest(file: string): EngineManifest | undefined {
  try {
    return engineManifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
