import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { packageRoot } from '../../src/platform/entry.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly commit: string;
}

/** What the numbers were measured on. */
export function describeMachine(): Machine {
  return {
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    commit: commit(),
  };
}

export const load = (): number => os.loadavg()[0] ?? 0;

/** Over half a core busy per core before we start: the numbers say more about the others than about us. */
export const isBusy = (): boolean => load() > 0.5 * os.availableParallelism();

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: packageRoot(), encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}

/** Resident memory of a process in MB: now, and the most it ever was. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { now: field('VmRSS') / 1024, peak: field('VmHWM') / 1024 };
}

const TICKS_PER_SECOND = 100;

/** Processor time a process has used, all its threads, in seconds (of 10 ms). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
