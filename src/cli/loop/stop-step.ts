import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { waitUntil } from '../../platform/processes.ts';
import { stopEverything } from '../demo/stop.ts';
import type { LoopOutcome, LoopStep, LoopWorld } from './types.ts';

const LEAVE_MS = 20_000;

export const stopStep: LoopStep = { name: 'stop', command: () => `deploy stop …, jobs stop …`, run: stop };

async function stop({ paths }: LoopWorld): Promise<LoopOutcome> {
  await stopEverything(paths);
  await waitUntil(() => processesOf(paths.home).length === 0, LEAVE_MS, 200);
  const left = processesOf(paths.home);
  return { ok: left.length === 0, detail: left.length === 0 ? 'no process is left' : `LEFT: ${left.join(', ')}` };
}

/** Processes that work in a workspace, by their folder or their arguments; not those that run this command. */
export function processesOf(home: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && Number(name) !== process.ppid)
    .filter((pid) => workingFolder(pid).startsWith(home) || isWorkerOf(readArguments(pid), home));
}

/** Ours are told their job's folder or the workspace as an argument; a shell that mentions it is not ours. */
const isWorkerOf = (args: readonly string[], home: string): boolean =>
  args.some((arg) => arg.includes('/dist/workers/')) && args.some((arg) => arg === home || arg.startsWith(`${home}/`));

function workingFolder(pid: string): string {
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)}/`;
  } catch {
    return '';
  }
}

function readArguments(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
