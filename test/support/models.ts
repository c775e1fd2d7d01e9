import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pullModel } from '../../src/models/pull.ts';
import type { InstalledModel } from '../../src/models/store.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';

/** Where tests keep the real models: `RAGTUI_MODELS_CACHE`, else `.cache/models` in the repository. */
export const modelsCache = (): string =>
  path.resolve(process.env['RAGTUI_MODELS_CACHE'] || path.join(packageRoot(), '.cache', 'models'));

/** Paths of a workspace at `home` that uses the tests' models. */
export function pathsWithModels(home: string): WorkspacePaths {
  return workspacePaths(home, { ...process.env, RAGTUI_MODELS_CACHE: modelsCache() });
}

/** Pulls what is missing, once for all tests (a lock makes others wait). Returns the models in the order asked. */
export async function ensureModels(ids: readonly string[]): Promise<InstalledModel[]> {
  const paths = pathsWithModels(path.join(modelsCache(), '.home'));
  const models: InstalledModel[] = [];
  for (const id of ids) models.push(await pullModel(paths, id));
  return models;
}

/** Builds `dist/` when a source is newer, for tests that start our processes. */
export function ensureBuilt(): void {
  execFileSync(process.execPath, [path.join(packageRoot(), 'scripts', 'build.js')], { stdio: 'pipe' });
}
