import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import type { Machine, ProcessTree } from './types.ts';

/** Linux tells user programs times in hundredths of a second, whatever its own clock. */
const TICKS_PER_SECOND = 100;

/** Where the numbers come from; a test hands over a folder of its own. */
export interface ProcOptions {
  readonly folder?: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

export interface Family {
  readonly tree: ProcessTree;
  readonly pids: readonly number[];
}

export interface MachineSampler {
  /** Processor share since the call before; null at the first one. */
  machine(): Machine;
  /** A process and all below it, by pid; those that are gone are left out. Needs /proc (Linux): empty elsewhere. */
  trees(pids: readonly number[]): ReadonlyMap<number, Family>;
}

/** Reads this machine from /proc; what cannot be read is null, never 0. */
export function createMachineSampler({
  folder = '/proc',
  now = () => performance.now(),
}: ProcOptions = {}): MachineSampler {
  let times: CpuTimes | null = null;
  let ticks = new Map<number, { readonly ticks: number; readonly at: number }>();
  const read = (file: string): string | null => {
    try {
      return readFileSync(`${folder}/${file}`, 'utf8');
    } catch {
      return null;
    }
  };

  return {
    machine() {
      const before = times;
      times = cpuTimes(read('stat') ?? '');
      const memory = meminfo(read('meminfo') ?? '');
      const load = Number.parseFloat(read('loadavg') ?? '');
      return {
        cpu: busyShare(before, times),
        cores: os.availableParallelism(),
        load: Number.isFinite(load) ? load : null,
        ...memory,
      };
    },
    trees(pids) {
      if (pids.length === 0) return new Map();
      const all = new Map<number, ProcessStat>();
      for (const pid of processIds(folder)) {
        const stat = processStat(read(`${pid}/stat`) ?? '');
        if (stat) all.set(pid, stat);
      }
      const at = now();
      const seen = new Map<number, { readonly ticks: number; readonly at: number }>();
      const trees = new Map<number, Family>();
      for (const pid of pids) {
        if (!all.has(pid)) continue;
        const members = descendants(pid, all);
        let memory = 0;
        let cores: number | null = null;
        for (const member of members) {
          memory += residentBytes(read(`${member}/status`) ?? '');
          const own = all.get(member)?.ticks ?? 0;
          const before = ticks.get(member);
          seen.set(member, { ticks: own, at });
          if (before && at > before.at && own >= before.ticks) {
            cores = (cores ?? 0) + ((own - before.ticks) / TICKS_PER_SECOND / (at - before.at)) * 1000;
          }
        }
        trees.set(pid, { tree: { processes: members.length, memory, cores }, pids: members });
      }
      ticks = seen;
      return trees;
    },
  };
}

interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** The first row of /proc/stat: user nice system idle iowait irq softirq steal (guests are in user already). */
export function cpuTimes(stat: string): CpuTimes | null {
  const row = /^cpu\s+(.+)$/m.exec(stat)?.[1];
  const values = (row ?? '').split(/\s+/).slice(0, 8).map(Number);
  if (values.length < 4 || values.some((value) => !Number.isFinite(value))) return null;
  const total = values.reduce((sum, value) => sum + value, 0);
  return { busy: total - (values[3] ?? 0) - (values[4] ?? 0), total };
}

function busyShare(before: CpuTimes | null, now: CpuTimes | null): number | null {
  if (!before || !now || now.total <= before.total) return null;
  return Math.min(1, Math.max(0, (now.busy - before.busy) / (now.total - before.total)));
}

/** /proc/meminfo, bytes. */
export function meminfo(text: string): Pick<Machine, 'memoryTotal' | 'memoryAvailable'> {
  const of = (name: string): number | null => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found) * 1024;
  };
  return { memoryTotal: of('MemTotal'), memoryAvailable: of('MemAvailable') };
}

interface ProcessStat {
  readonly parent: number;
  readonly ticks: number;
}

/** /proc/PID/stat: fields count from the last ')', the name before it may hold anything. Null for a zombie. */
export function processStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, user, system] = [fields[0], Number(fields[1]), Number(fields[11]), Number(fields[12])];
  if (state === 'Z' || state === 'X' || ![parent, user, system].every(Number.isFinite) || fields.length < 13) {
    return null;
  }
  return { parent, ticks: user + system };
}

function residentBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

function processIds(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** A process and all below it. */
function descendants(pid: number, all: ReadonlyMap<number, ProcessStat>): number[] {
  const children = new Map<number, number[]>();
  for (const [child, { parent }] of all) {
    const known = children.get(parent);
    if (known) known.push(child);
    else children.set(parent, [child]);
  }
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []).filter((child) => !found.includes(child)));
  return found;
}
