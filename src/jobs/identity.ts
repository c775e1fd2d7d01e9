import { readFileSync } from 'node:fs';
import { isAlive, type ProcessIdentity, processIdentity } from '../platform/processes.ts';
import { identityFileSchema, readJsonFile, type StoredIdentity, writeJsonFile } from './folder.ts';

/** What tells whether a recorded process is still there; replaced in tests. */
export interface ProcessTable {
  readonly boot: string;
  identity(pid: number): ProcessIdentity | undefined;
}

let boot: string | undefined;

/** The machine's own process table. `boot` is Linux's boot id, '' elsewhere. */
export const systemProcesses: ProcessTable = {
  get boot() {
    boot ??= readBootId();
    return boot;
  },
  identity: processIdentity,
};

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Records a live process in a file; returns false when it is gone already. */
export function storeIdentity(file: string, pid: number): boolean {
  const identity = processIdentity(pid);
  if (!identity) return false;
  writeJsonFile(file, { ...identity, boot: systemProcesses.boot } satisfies StoredIdentity);
  return true;
}

/** The process recorded in `file` if that very process (same boot, pid and start time) is alive. */
export function livingProcess(file: string, table: ProcessTable = systemProcesses): ProcessIdentity | undefined {
  const stored = readJsonFile(file, identityFileSchema);
  if (!stored || stored.boot !== table.boot) return undefined;
  return table.identity(stored.pid)?.startTime === stored.startTime
    ? { pid: stored.pid, startTime: stored.startTime }
    : undefined;
}

/** Sends a signal to one process, if it is still that very process. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}
