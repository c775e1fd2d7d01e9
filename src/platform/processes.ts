import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same pid. `startTime` is field 22 of /proc/PID/stat (clock ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** Identity of a live process; undefined when it is gone or a zombie. Needs /proc (Linux); elsewhere `startTime` is ''. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return signalZero(pid) ? { pid, startTime: '' } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and parentheses: fields count from the last ')'.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    const startTime = fields[19];
    if (!startTime || state === 'Z' || state === 'X') return undefined;
    return { pid, startTime };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startTime === identity.startTime;
}

function signalZero(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export interface DetachedOptions {
  readonly logFolder: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * Starts a program in its own session, with stdout and stderr appended to files: it outlives the terminal, an SSH
 * drop and us. Nothing secret belongs in `args` (other users see them); use `env`.
 */
export function spawnDetached(command: string, args: readonly string[], options: DetachedOptions): ChildProcess {
  mkdirSync(options.logFolder, { recursive: true, mode: 0o700 });
  const stdout = openSync(path.join(options.logFolder, 'stdout.log'), 'a', 0o600);
  const stderr = openSync(path.join(options.logFolder, 'stderr.log'), 'a', 0o600);
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', stdout, stderr],
    cwd: options.cwd ?? '/',
    env: withoutMark(options.env ?? process.env),
  });
  child.unref();
  return child;
}

/** What a job's worker starts to outlive it is no part of that job: it must not be taken for it, nor be told its GPUs. */
function withoutMark({ RAGTUI_JOB: _, RAGTUI_JOB_GPUS: __, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}

/** Signals the process group led by `identity`, if that very process is still there. */
export function signalGroup(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(-identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Polls `condition` until it is true or `timeoutMs` has passed; returns whether it became true. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = 25,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await delay(everyMs);
  }
  return true;
}
