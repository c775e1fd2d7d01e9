import { readdirSync, readFileSync } from 'node:fs';
import { isAlive, type ProcessIdentity, processIdentity } from '../platform/processes.ts';
import { identityFileSchema, readJsonFile, type StoredIdentity, writeJsonFile } from './folder.ts';

/** What tells whether a recorded process is still there; replaced in tests. */
export interface ProcessTable {
  readonly boot: string;
  identity(pid: number): ProcessIdentity | undefined;
  /** What is left of a job whose worker is dead and led the group `worker`. */
  leftOf(job: string, worker: number): readonly number[];
}

let boot: string | undefined;

/** The machine's own process table. `boot` is Linux's boot id, '' elsewhere. */
export const systemProcesses: ProcessTable = {
  get boot() {
    boot ??= readBootId();
    return boot;
  },
  identity: processIdentity,
  leftOf: (job, worker) => (groupLives(worker) ? jobProcesses(job) : []),
};

function groupLives(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

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

/** Processes of a job that outlived its supervisor and its worker, recorded in `file`: an engine that nobody watches. */
export function orphansOf(file: string, job: string, table: ProcessTable = systemProcesses): readonly number[] {
  const worker = readJsonFile(file, identityFileSchema);
  return worker && worker.boot === table.boot ? table.leftOf(job, worker.pid) : [];
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
