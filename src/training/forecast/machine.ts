import { existsSync, readFileSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { meminfo } from '../../platform/telemetry/proc.ts';
import type { Gpus } from '../../platform/telemetry/types.ts';
import type { MachineFacts } from './types.ts';

/**
 * Memory and disk of this machine, in well under a millisecond. In a container the limit of its control group counts,
 * where that is lower. GPUs are those that the caller has asked the driver for.
 */
export function machineFacts(home: string, gpus: MachineFacts['gpus'] = null): MachineFacts {
  const { memoryTotal, memoryAvailable } = meminfo(read('/proc/meminfo') ?? '');
  const memory =
    memoryTotal === null || memoryAvailable === null
      ? null
      : withLimit(memoryTotal, memoryAvailable, groupLimit(), groupUse());
  return { memory, gpus, disk: freeOn(home) };
}

/** What the control group leaves; its use counts file caches, which are given back, so it only limits the total. Pure. */
export function withLimit(
  total: number,
  available: number,
  limit: number | null,
  used: number | null,
): { total: number; available: number } {
  if (limit === null || limit >= total) return { total, available };
  return { total: limit, available: Math.min(available, used === null ? limit : Math.max(0, limit - used)) };
}

/** Version 2 of control groups, then 1. */
const groupLimit = (): number | null =>
  numberIn('/sys/fs/cgroup/memory.max') ?? numberIn('/sys/fs/cgroup/memory/memory.limit_in_bytes');
const groupUse = (): number | null => {
  const used = numberIn('/sys/fs/cgroup/memory.current') ?? numberIn('/sys/fs/cgroup/memory/memory.usage_in_bytes');
  const stat = read('/sys/fs/cgroup/memory.stat') ?? read('/sys/fs/cgroup/memory/memory.stat') ?? '';
  const cached = /^(?:total_)?inactive_file (\d+)$/m.exec(stat)?.[1];
  return used === null ? null : Math.max(0, used - Number(cached ?? 0));
};

const numberIn = (file: string): number | null => {
  const text = read(file)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
};

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function freeOn(folder: string): number | null {
  let at = folder;
  while (!existsSync(at) && path.dirname(at) !== at) at = path.dirname(at);
  try {
    const { bavail, bsize } = statfsSync(at);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** The first `count` GPUs as the driver tells them; null where it tells no memory. Pure. */
export function gpuFacts(gpus: Gpus, count: number): MachineFacts['gpus'] {
  if (gpus.state !== 'ok') return null;
  const found = gpus.gpus
    .slice(0, Math.max(1, count))
    .flatMap(({ name, memoryTotal, memoryUsed }) =>
      memoryTotal === null ? [] : [{ name, total: memoryTotal, free: memoryTotal - (memoryUsed ?? 0) }],
    );
  return found.length === 0 ? null : found;
}
