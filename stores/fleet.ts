import { createStore, type StoreApi } from 'zustand/vanilla';
import { fleetOf } from '../src/fleet/model.ts';
import { HERE, type Place, type Seen, type Sighting } from '../src/fleet/types.ts';
import type { Host } from '../src/hosts/types.ts';
import { errorLine } from '../src/platform/errors.ts';
import type { Schedule } from './dependencies.ts';
import type { JobsStore } from './jobs.ts';

export interface FleetPort {
  /** As they are kept now. Errors: `corrupt`. */
  hosts(): readonly Host[];
  /** What was seen of hosts before, by whoever looked. */
  seen(): Readonly<Record<string, Seen>>;
  /** Looks at all places until it is told to end; `onEnd` is called when it ended by itself, with why. */
  watch(events: { onSeen: (sighting: Sighting) => void; onEnd: (reason: string) => void }): () => void;
  /** Errors: `not-found`. */
  drain(name: string, drained: boolean): Promise<void>;
  /** Milliseconds since 1970. */
  time(): number;
  /** Calls each second until it is told to stop. */
  eachSecond(tick: () => void): () => void;
}

export interface FleetState {
  /** Null: nobody has looked yet. This machine is the first. */
  readonly places: readonly Place[] | null;
  /** What ages are counted from; goes on each second while the screen is open. */
  readonly now: number;
  /** Why nobody looks any more; '' = somebody does, or need not. */
  readonly blind: string;
  /** The screen is open: hosts are looked at until it is closed. */
  open(): void;
  close(): void;
  /** Asks every place anew now. */
  again(): void;
  drain(name: string, drained: boolean): Promise<void>;
}
export type FleetStore = StoreApi<FleetState>;

/** One that keeps dying is not started again until somebody asks for it. */
const MOST_RESTARTS = 3;

/** What is known of this machine and of every host, and how old that is. */
export function createFleetStore({
  fleet,
  jobs,
  schedule,
}: {
  readonly fleet: FleetPort;
  readonly jobs: JobsStore;
  readonly schedule: Schedule;
}): FleetStore {
  let hosts: readonly Host[] = [];
  let seen: Record<string, Seen> = {};
  let servers: Parameters<typeof fleetOf>[0]['servers'] = null;
  let stops: (() => void)[] = [];
  let stopLooking: (() => void) | null = null;
  let restarts = 0;

  return createStore<FleetState>()((set) => {
    const publish = (): void => {
      const now = fleet.time();
      set({ now, places: fleetOf({ hosts, seen, jobs: jobs.getState().list ?? [], servers, now }) });
    };
    /** Hosts come and go by commands too. */
    const readHosts = (): void => {
      try {
        hosts = fleet.hosts();
      } catch (error) {
        set({ blind: errorLine(error) });
      }
    };
    const take = ({ place, seen: one, servers: samples }: Sighting): void => {
      seen = { ...seen, [place]: one };
      if (place === HERE && samples) servers = { at: one.askedAt, samples };
      readHosts();
      schedule(publish);
    };
    const look = (): void => {
      stopLooking?.();
      let over = false;
      const stop = fleet.watch({
        onSeen: (sighting) => {
          if (!over) take(sighting);
        },
        onEnd: (reason) => {
          if (over) return;
          over = true;
          stopLooking = null;
          restarts += 1;
          if (restarts <= MOST_RESTARTS) look();
          else set({ blind: reason });
        },
      });
      stopLooking = () => {
        over = true;
        stop();
      };
    };
    return {
      places: null,
      now: fleet.time(),
      blind: '',
      open: () => {
        if (stops.length > 0) return;
        restarts = 0;
        seen = { ...fleet.seen(), ...seen };
        set({ blind: '' });
        readHosts();
        publish();
        look();
        stops = [
          fleet.eachSecond(() => schedule(() => set({ now: fleet.time() }))),
          jobs.subscribe((state, before) => {
            if (state.list !== before.list) schedule(publish);
          }),
        ];
      },
      close: () => {
        for (const stop of stops) stop();
        stops = [];
        stopLooking?.();
        stopLooking = null;
      },
      again: () => {
        restarts = 0;
        set({ blind: '' });
        look();
      },
      drain: async (name, drained) => {
        await fleet.drain(name, drained);
        readHosts();
        publish();
      },
    };
  });
}
