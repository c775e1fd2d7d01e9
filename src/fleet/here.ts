import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { listEngines } from '../engines/store.ts';
import { readClaims } from '../jobs/devices/claims.ts';
import { isAwake } from '../jobs/devices/queue.ts';
import { listJobs } from '../jobs/registry.ts';
import { isOver } from '../jobs/types.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { createObserver } from '../serving/metrics-observer.ts';
import { allTargets } from '../serving/metrics-targets.ts';
import type { ServerSample } from '../serving/metrics-types.ts';
import { engineOf } from './far.ts';
import type { Disk, Hold, Look } from './types.ts';

export interface HereLook {
  readonly look: Look;
  readonly servers: readonly ServerSample[];
}

/** Looks at this machine and at all servers. Rates and shares of time need a second look, the GPUs some time. */
export function createHereWatch(paths: WorkspacePaths): () => Promise<HereLook> {
  const observer = createObserver({ targets: async () => [], all: () => allTargets(paths) });
  return async () => {
    const working = new Map(
      listJobs(paths).flatMap(({ spec, state, pid }) => (pid === null || isOver(state) ? [] : [[pid, spec.id]])),
    );
    const { at, machine, gpus, servers } = await observer.look([], [...working.keys()], true);
    const processes = gpus.state === 'ok' ? gpus.processes : [];
    const owners = processes.flatMap(({ pid, owner }) => {
      const job = owner === undefined ? undefined : working.get(owner);
      return job === undefined ? [] : [[String(pid), job]];
    });
    const look: Look = {
      at: new Date(at).toISOString(),
      machine,
      disk: await diskOf(paths.home),
      gpus,
      owners: Object.fromEntries(owners),
      holds: holdsOf(paths),
      runs: [],
      engines: listEngines(paths).flatMap(({ manifest }) => (manifest ? engineOf(manifest.name, manifest) : [])),
    };
    return { look, servers };
  };
}

async function diskOf(place: string): Promise<Disk | null> {
  try {
    const { bsize, blocks, bavail } = await statfs(place);
    return { place, total: blocks * bsize, free: bavail * bsize };
  } catch {
    return null;
  }
}

/** Who has which devices of this machine, in whatever workspace, and who waits in which place. */
function holdsOf(paths: WorkspacePaths): Hold[] {
  const { live } = readClaims(path.join(paths.devices, 'claims'));
  let waiting = 0;
  return live.filter(isAwake).map(({ job, name, held }) => {
    if (held.length > 0) return { owner: job, name, devices: held, waits: '', position: null };
    waiting += 1;
    return { owner: job, name, devices: [], waits: 'waits for its turn', position: waiting };
  });
}
