import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

let cachedRoot: string | undefined;

/** The folder with our package.json: the same from `src/` (tests) and from the bundles in `dist/`. */
export function packageRoot(): string {
  if (cachedRoot) return cachedRoot;
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('ragtui: package.json not found above the program');
    folder = parent;
  }
  cachedRoot = folder;
  return folder;
}

export type WorkerName =
  | 'kb-service'
  | 'parser'
  | 'embedder'
  | 'index-builder'
  | 'ingest'
  | 'shadow'
  | 'llama-server'
  | 'vllm-server'
  | 'embedding-server'
  | 'pull'
  | 'engine-install'
  | 'train'
  | 'evaluate'
  | 'judge'
  | 'make-data'
  | 'load-test'
  | 'recipe'
  | 'supervisor'
  | 'task'
  | 'telemetry';

/** Path of the built entry point of a worker; run it with `process.execPath`. */
export function workerPath(name: WorkerName): string {
  return path.join(packageRoot(), 'dist', 'workers', `${name}.js`);
}

/** The lock files of the Python engines, shipped with the package. */
export function engineLocksDir(): string {
  return path.join(packageRoot(), 'engines', 'locks');
}

/** Path of one of our Python scripts; run it with an engine's Python. */
export function pythonScript(name: string): string {
  return path.join(packageRoot(), 'workers', 'python', `${name}.py`);
}

/** The recipes that are shipped with the package. */
export function shippedRecipesDir(): string {
  return path.join(packageRoot(), 'recipes');
}

/** Path of a program that is sent to other hosts. */
export function remoteScript(name: string): string {
  return path.join(packageRoot(), 'workers', 'remote', `${name}.py`);
}

/** Our own sample documents, shipped with the package. */
export function fixturesDir(): string {
  return path.join(packageRoot(), 'fixtures');
}
