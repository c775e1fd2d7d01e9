import { setTimeout as delay } from 'node:timers/promises';
import { listHosts } from '../hosts/store.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { lookFar } from './far.ts';
import { createHereWatch } from './here.ts';
import { seePlace } from './seen.ts';
import { HERE, type Sighting } from './types.ts';

/** This machine is read from files, a host over its connection. */
const HERE_MS = 2000;
const HOST_MS = 10_000;
const TICK_MS = 200;
/** Between the two looks that rates need. */
const REST_MS = 1500;

export interface FleetWatchOptions {
  readonly signal: AbortSignal;
  readonly onSeen: (sighting: Sighting) => void;
  /** How long a host rests between two looks. */
  readonly hostMs?: number;
}

/**
 * Looks at this machine and at every host again and again, each by itself: one that is slow keeps nobody waiting. Hosts
 * that are added or removed meanwhile come and go. Ends with the signal. Errors: those of the disk here.
 */
export async function watchFleet(paths: WorkspacePaths, options: FleetWatchOptions): Promise<void> {
  const { signal, onSeen, hostMs = HOST_MS } = options;
  const due = new Map<string, number>();
  const looking = new Set<string>();
  const here = createHereWatch(paths);
  let failed: unknown;
  const look = async (place: string): Promise<void> => {
    looking.add(place);
    try {
      onSeen(place === HERE ? await seeHere(here) : await seeHost(paths, place, signal));
    } catch (error) {
      if (toRagtuiError(error).code !== 'cancelled') failed ??= error;
    }
    due.set(place, performance.now() + (place === HERE ? HERE_MS : hostMs));
    looking.delete(place);
  };
  while (!signal.aborted) {
    if (failed !== undefined) throw failed;
    const places = [HERE, ...listHosts(paths).map(({ name }) => name)];
    for (const place of places) {
      if (!looking.has(place) && (due.get(place) ?? 0) <= performance.now()) void look(place);
    }
    await delay(TICK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Looks at every place once, all at the same time; at this machine twice, since rates need two moments. */
export async function lookOnce(paths: WorkspacePaths, signal: AbortSignal): Promise<Sighting[]> {
  const here = createHereWatch(paths);
  const twice = async (): Promise<Sighting> => {
    await here();
    await delay(REST_MS, undefined, { signal });
    return seeHere(here);
  };
  return Promise.all([twice(), ...listHosts(paths).map(({ name }) => seeHost(paths, name, signal))]);
}

async function seeHere(look: ReturnType<typeof createHereWatch>): Promise<Sighting> {
  const { look: found, servers } = await look();
  return { place: HERE, seen: { look: found, lost: null, askedAt: found.at }, servers: [...servers] };
}

async function seeHost(paths: WorkspacePaths, name: string, signal: AbortSignal): Promise<Sighting> {
  const seen = await seePlace(paths, name, async () => {
    const host = listHosts(paths).find((one) => one.name === name);
    if (!host) throw new RagtuiError('cancelled', `The host ${name} was removed.`);
    return lookFar(paths, host, signal);
  });
  return { place: name, seen, servers: null };
}
