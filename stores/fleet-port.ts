import { z } from 'zod';
import { readSeen } from '../src/fleet/seen.ts';
import { sightingSchema } from '../src/fleet/types.ts';
import { drainHost, listHosts } from '../src/hosts/store.ts';
import { toRagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { childTask } from './child-task.ts';
import type { FleetPort } from './fleet.ts';

/** Hosts are looked at by the task child, which ends its connections before it ends itself. */
export function realFleet(paths: WorkspacePaths): FleetPort {
  return {
    hosts: () => listHosts(paths),
    seen: () => readSeen(paths),
    watch: ({ onSeen, onEnd }) => {
      const stop = new AbortController();
      const onPart = (part: unknown): void => {
        const sighting = sightingSchema.safeParse(part).data;
        if (sighting) onSeen(sighting);
      };
      childTask(paths, { task: 'fleet' }, z.unknown(), { signal: stop.signal, endsByItself: true, onPart }).then(
        () => onEnd(''),
        (error: unknown) => {
          if (!stop.signal.aborted) onEnd(toRagtuiError(error).message);
        },
      );
      return () => stop.abort();
    },
    drain: async (name, drained) => {
      await drainHost(paths, name, drained);
    },
    time: Date.now,
    eachSecond: (tick) => {
      const timer = setInterval(tick, 1000).unref();
      return () => clearInterval(timer);
    },
  };
}
