import { formatSize } from '../size.ts';
import type { Check } from '../types.ts';

/** Less free memory than this is not enough for the default models and an index together. */
const LOW_FREE = 1_500_000_000;
/** A control group's limit, version 2 and 1. */
const LIMITS = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

export const memory: Check = {
  id: 'memory',
  name: 'memory',
  run: (probe) => {
    const { free, total } = probe.memory;
    const available = availableOf(probe.read('/proc/meminfo')) ?? free;
    const limit = LIMITS.map((file) => Number(probe.read(file)?.trim())).find((bytes) => bytes > 0 && bytes < total);
    const usable = Math.min(available, limit ?? Number.POSITIVE_INFINITY);
    const limited = limit === undefined ? '' : `; a container limit of ${formatSize(limit)}`;
    const detail = `${formatSize(available)} of ${formatSize(total)} free${limited}`;
    if (usable >= LOW_FREE) return { state: 'ok', detail };
    return { state: 'warn', detail, get: 'close what you can: the small models and an index want 1.5 GB' };
  },
};

/** What programs can have without swapping; os.freemem() does not count caches. */
function availableOf(meminfo: string | undefined): number | undefined {
  const kib = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo ?? '')?.[1]);
  return kib > 0 ? kib * 1024 : undefined;
}
