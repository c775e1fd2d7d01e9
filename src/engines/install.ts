import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { checkEngine } from './check.ts';
import { runCommand } from './command.ts';
import { ENGINES } from './definitions.ts';
import { installFault } from './faults.ts';
import { findPython } from './python.ts';
import { engineFolder, environmentPython, hashOfLock, lockEngine, lockOf, manifestFile } from './store.ts';
import type { EngineCheck, EngineDevice, EngineManifest, EngineName, InstallProgress } from './types.ts';
import { bootstrapUv, findUv } from './uv.ts';
import { UvOutput } from './uv-output.ts';

const COUNT_MS = 500;

export interface InstallOptions {
  readonly device: EngineDevice;
  /** An existing environment's Python, used as it is. */
  readonly python?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly onLog?: (text: string) => void;
}

/**
 * Installs an engine from its lock file, or takes an environment of the user's own, and imports it once.
 * Running it again goes on where it was: uv keeps what is downloaded and installs only what is missing.
 * Throws `unavailable` (no Python), `network`, `disk-full`, `checksum`, `permission`, `cancelled`.
 */
export async function installEngine(
  paths: WorkspacePaths,
  name: EngineName,
  options: InstallOptions,
): Promise<{ readonly check: EngineCheck; readonly python: string }> {
  mkdirSync(paths.engines, { recursive: true, mode: 0o700 });
  const unlock = await lockEngine(paths, name, options.signal);
  try {
    const python = options.python ?? (await makeEnvironment(paths, name, options));
    say(options, 'importing it once');
    const check = await checkEngine(name, python, options.device, options.signal);
    const manifest: EngineManifest = {
      version: 1,
      name,
      device: options.device,
      python,
      managed: options.python === undefined,
      installedAt: new Date().toISOString(),
      lock: options.python === undefined ? hashOfLock(lockOf(name, options.device)) : '',
      versions: check.versions,
    };
    mkdirSync(engineFolder(paths, name), { recursive: true, mode: 0o700 });
    writeJsonAtomic(manifestFile(paths, name), manifest);
    return { check, python };
  } finally {
    unlock();
  }
}

/** `uv venv`, then `uv pip sync` of the lock file; returns the environment's Python. */
async function makeEnvironment(paths: WorkspacePaths, name: EngineName, options: InstallOptions): Promise<string> {
  const definition = ENGINES[name];
  const { signal } = options;
  checkSpace(paths, name);
  say(options, 'looking for Python');
  const python = await findPython(definition, signal);
  let uv = await findUv(paths, signal);
  if (!uv) {
    say(options, 'installing uv');
    options.onLog?.(`uv is not on PATH: installing it with pip of ${python.executable}`);
    uv = await bootstrapUv(paths, python.executable, withoutUndefined(options));
  }
  const folder = engineFolder(paths, name);
  rmSync(manifestFile(paths, name), { force: true });
  const run = uvRunner(uv, options);
  if (!existsSync(environmentPython(paths, name))) {
    await run('making the environment', ['venv', '--allow-existing', '--python', python.executable, folder]);
  }
  const lock = lockOf(name, options.device);
  options.onLog?.(`${uv} pip sync ${path.basename(lock)} with Python ${python.version.join('.')}`);
  const output = new UvOutput();
  const site = path.join(folder, 'lib', `python${python.version.slice(0, 2).join('.')}`, 'site-packages');
  const tell = () => options.onProgress?.(output.progress(installedPackages(site)));
  const timer = setInterval(tell, COUNT_MS);
  try {
    const sync = ['pip', 'sync', '--require-hashes', '--python', environmentPython(paths, name), lock];
    await run(`installing ${definition.title}`, sync, (text) => output.push(text));
    tell();
  } finally {
    clearInterval(timer);
  }
  return environmentPython(paths, name);
}

function uvRunner(uv: string, options: InstallOptions) {
  const env = { ...engineBase(), UV_PYTHON_DOWNLOADS: 'never', UV_NO_PROGRESS: '1' };
  return async (what: string, args: readonly string[], onOutput?: (text: string) => void): Promise<void> => {
    const { code, stdout, stderr } = await runCommand(uv, args, {
      env,
      ...(options.signal ? { signal: options.signal } : {}),
      onOutput: (text) => {
        onOutput?.(text);
        for (const line of text.split('\n').filter(isWorthALine)) options.onLog?.(line.trim());
      },
    });
    if (code !== 0) throw installFault(what, code, stdout + stderr);
  };
}

/** Python variables of the shell must not lead uv's environment elsewhere. */
const engineBase = (): NodeJS.ProcessEnv => {
  const { PYTHONPATH: _, PYTHONHOME: __, VIRTUAL_ENV: ___, ...rest } = process.env;
  return rest;
};

const isWorthALine = (line: string): boolean =>
  /^(Resolved|Prepared|Installed|Uninstalled|error|Downloading)/.test(line);

function checkSpace(paths: WorkspacePaths, name: EngineName): void {
  const { bavail, bsize } = statfsSync(paths.engines);
  const { diskBytes, title } = ENGINES[name];
  // What is there of an earlier try is part of what it needs; then uv itself says when the disk is full.
  if (existsSync(engineFolder(paths, name)) || bavail * bsize >= diskBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new RagtuiError(
    'disk-full',
    `${title} needs ${gigabytes(diskBytes)}, and there are ${gigabytes(bavail * bsize)} free at ${paths.engines}.`,
    'Free some space, or set RAGTUI_ENGINES_CACHE to a folder on a larger disk.',
  );
}

function installedPackages(site: string): number {
  return existsSync(site) ? readdirSync(site).filter((entry) => entry.endsWith('.dist-info')).length : 0;
}

function say(options: InstallOptions, phase: string): void {
  options.onProgress?.({ phase, packages: { done: 0, total: 0 }, bytes: { done: 0, total: 0 } });
}

function withoutUndefined({ signal, onLog }: InstallOptions) {
  return { ...(signal ? { signal } : {}), ...(onLog ? { onOutput: onLog } : {}) };
}
