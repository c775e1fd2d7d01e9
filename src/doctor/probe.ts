import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { errorLine } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { cellsOf } from './cells.ts';
import type { Probe, ProgramResult } from './types.ts';

const PROGRAM_TIMEOUT_MS = 10_000;

/** This machine, as it is. */
export function realProbe(paths: WorkspacePaths, env: NodeJS.ProcessEnv): Probe {
  const { stdout } = process;
  return {
    env,
    paths,
    platform: os.platform(),
    arch: os.arch(),
    node: process.versions.node,
    cores: os.availableParallelism(),
    memory: { free: os.freemem(), total: os.totalmem() },
    now: Date.now(),
    terminal: stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : null,
    exists: existsSync,
    read: (file) => orUndefined(() => readFileSync(file, 'utf8')),
    list: (folder) => orUndefined(() => readdirSync(folder)) ?? [],
    stat: (file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found && { mode: found.mode, modified: found.mtimeMs };
    },
    writable: canWrite,
    fileSystem: (file) => {
      const { bavail, bsize, type } = statfsSync(existingPart(file));
      return { free: bavail * bsize, type };
    },
    find: (program) => findProgram(program, env),
    run: (program, args) => run(program, args, env),
    listen,
    resolve: (name) =>
      lookup(name).then(
        ({ address }) => address,
        () => undefined,
      ),
    cells: cellsOf,
  };
}

function canWrite(file: string): boolean {
  try {
    accessSync(existingPart(file), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The nearest folder of a path that exists. */
function existingPart(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder) ? folder : existingPart(path.dirname(folder));
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function findProgram(program: string, env: NodeJS.ProcessEnv): string | undefined {
  if (program.includes('/')) return existsSync(program) ? program : undefined;
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, program))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<ProgramResult | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: PROGRAM_TIMEOUT_MS, env: { ...env, LC_ALL: 'C' }, maxBuffer: 1024 * 1024 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') resolve(undefined);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

function listen(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error) => resolve(errorLine(error)));
    server.listen(0, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}
