import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { runCommand } from './command.ts';
import { installFault } from './faults.ts';

/** The version our lock files were made with. */
export const UV_VERSION = '0.13.9';

export const ownUv = (paths: WorkspacePaths): string => path.join(paths.engines, 'uv', 'bin', 'uv');

/** The `uv` on PATH, else the one we installed before; undefined when there is neither. */
export async function findUv(paths: WorkspacePaths, signal?: AbortSignal): Promise<string | undefined> {
  for (const program of ['uv', ownUv(paths)]) {
    if (program !== 'uv' && !existsSync(program)) continue;
    try {
      const options = { timeoutMs: 20_000, ...(signal ? { signal } : {}) };
      if ((await runCommand(program, ['--version'], options)).code === 0) return program;
    } catch (error) {
      if (signal?.aborted) throw error;
    }
  }
  return undefined;
}

/**
 * Installs `uv` for us alone: an environment by the user's Python and the user's pip, with their settings.
 * Throws what `installFault` makes of a failure.
 */
export async function bootstrapUv(
  paths: WorkspacePaths,
  python: string,
  options: { readonly signal?: AbortSignal; readonly onOutput?: (text: string) => void } = {},
): Promise<string> {
  const folder = path.join(paths.engines, 'uv');
  const made = await runCommand(python, ['-m', 'venv', folder], options);
  if (made.code !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw installFault('making an environment for uv', made.code, made.stdout + made.stderr);
  }
  const pip = path.join(folder, 'bin', 'python');
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', `uv==${UV_VERSION}`];
  const got = await runCommand(pip, args, options);
  if (got.code !== 0) throw installFault('installing uv', got.code, got.stdout + got.stderr);
  if (!existsSync(ownUv(paths))) throw new RagtuiError('internal', `pip installed uv, but ${ownUv(paths)} is missing.`);
  return ownUv(paths);
}
