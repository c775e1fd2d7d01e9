import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../platform/json.ts';
import { isAlive } from '../../platform/processes.ts';
import type { Check } from '../types.ts';

const holderSchema = z.object({ pid: z.number().int(), startTime: z.string() });

/** A lock whose process is gone is taken over by the next who wants it: worth knowing, no more. */
export const locks: Check = {
  id: 'locks',
  name: 'locks',
  run: (probe) => {
    const { home, engines, models, writerLock } = probe.paths;
    const files = [home, engines, models].flatMap((folder) =>
      probe.list(folder).flatMap((name) => (name.endsWith('.lock') ? [path.join(folder, name)] : [])),
    );
    const stale: string[] = [];
    let held = 0;
    for (const file of new Set(files)) {
      // Always there, always empty: the kernel holds it and frees it.
      if (file === writerLock) continue;
      const text = probe.read(file);
      if (text === undefined) continue;
      const holder = holderSchema.safeParse(parseJson(text));
      if (holder.success && isAlive(holder.data)) held += 1;
      else stale.push(file);
    }
    if (stale.length === 0) return { state: 'ok', detail: held === 0 ? 'none' : `${held} held by processes that run` };
    return {
      state: 'warn',
      detail: `left by processes that are gone: ${stale.join(', ')}`,
      get: `the next who needs it takes it over; if something waits all the same: rm ${stale.join(' ')}`,
    };
  },
};
