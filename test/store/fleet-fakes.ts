import type { Seen, Sighting } from '../../src/fleet/types.ts';
import type { Host } from '../../src/hosts/types.ts';
import type { FleetPort } from '../../stores/fleet.ts';

export interface FleetWorld {
  readonly hosts?: readonly Host[];
  readonly seen?: Readonly<Record<string, Seen>>;
  /** Milliseconds since 1970. */
  readonly time?: number;
}

const NOW = Date.parse('2026-11-23T06:20:00.000Z');

/** A gatherer that sees what it is told to see, and a clock that goes on when it is told to. */
export function fakeFleet({ hosts = [], seen = {}, time = NOW }: FleetWorld = {}) {
  let kept = [...hosts];
  let now = time;
  const ticks = new Set<() => void>();
  const watchers = new Set<Parameters<FleetPort['watch']>[0]>();
  const asked: string[] = [];
  let watched = 0;
  const port: FleetPort = {
    hosts: () => kept,
    seen: () => seen,
    watch: (events) => {
      watched += 1;
      watchers.add(events);
      return () => watchers.delete(events);
    },
    drain: async (name, drained) => {
      asked.push(`${drained ? 'drain' : 'undrain'} ${name}`);
      kept = kept.map((host) => {
        const { drainedAt: _, ...rest } = host;
        return host.name !== name ? host : drained ? { ...rest, drainedAt: new Date(now).toISOString() } : rest;
      });
    },
    time: () => now,
    eachSecond: (tick) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
  };
  return {
    port,
    asked,
    /** How often somebody began to look. */
    watched: () => watched,
    watchers: () => watchers.size,
    see: (sighting: Sighting): void => {
      for (const { onSeen } of watchers) onSeen(sighting);
    },
    die: (reason: string): void => {
      const all = [...watchers];
      watchers.clear();
      for (const { onEnd } of all) onEnd(reason);
    },
    pass: (seconds: number): void => {
      now += seconds * 1000;
      for (const tick of ticks) tick();
    },
  };
}
