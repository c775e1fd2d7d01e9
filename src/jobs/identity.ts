import { readdirSync, readFileSync } from 'node:fs';
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
  return stored && livingIdentity(stored, table);
}

/** The same of a record that is in hand. */
export function livingIdentity(
  { pid, startTime, boot }: StoredIdentity,
  table: ProcessTable = systemProcesses,
): ProcessIdentity | undefined {
  if (boot !== table.boot) return undefined;
  return table.identity(pid)?.startTime === startTime ? { pid, startTime } : undefined;
}

/** Ourselves, to be recorded. */
export function ownIdentity(): StoredIdentity {
  const identity = processIdentity(process.pid);
  return { pid: process.pid, startTime: identity?.startTime ?? '', boot: systemProcesses.boot };
}

/** In the environment of a job's worker, and so of all that comes from it, whoever is their parent later. */
export const JOB_MARK = 'RAGTUI_JOB';
/** Beside it: the indexes of the GPUs that are the job's own. */
export const JOB_GPUS = 'RAGTUI_JOB_GPUS';

/** Pids of a job's worker and all that it left, by their mark. Reads /proc (Linux): empty elsewhere. */
export function jobProcesses(job: string, folder = '/proc'): number[] {
  const mark = `${JOB_MARK}=${job}`;
  return processFolders(folder).filter((pid) => {
    try {
      return readFileSync(`${folder}/${pid}/environ`, 'utf8').split('\0').includes(mark);
    } catch {
      return false; // Gone by now, or somebody else's.
    }
  });
}

function processFolders(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
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
