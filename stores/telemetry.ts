import { createStore, type StoreApi } from 'zustand/vanilla';
import type { TelemetrySample, TelemetryWatch } from '../src/serving/metrics-types.ts';
import type { Schedule } from './dependencies.ts';

/** The worker that looks at servers and machine. */
export interface TelemetryPort {
  /** Starts it. `onEnd` is called once, when it ended without being told to. */
  start(events: { onSample: (sample: TelemetrySample) => void; onEnd: (reason: string) => void }): TelemetryWorker;
}

export interface TelemetryWorker {
  watch(request: TelemetryWatch): void;
  stop(): void;
}

/** Kept per server and for the machine, to be drawn: one value a second. */
export const HISTORY = 120;
/** While something runs. */
export const EVERY_MS = 1000;
/** A worker that keeps dying is not started again until the panel is opened anew. */
const MOST_RESTARTS = 3;

export interface TelemetryHistory {
  /** Generated tokens a second by server address; NaN = not known then. */
  readonly generation: ReadonlyMap<string, readonly number[]>;
  readonly cpu: readonly number[];
}

export interface TelemetryState {
  readonly state: 'off' | 'starting' | 'on' | 'failed';
  /** Why, when it failed. */
  readonly reason: string;
  readonly sample: TelemetrySample | null;
  readonly history: TelemetryHistory;
  /**
   * A panel that shows it is open: the worker is started on demand. `busy` = something runs, look every second;
   * otherwise it looks once and then costs nothing.
   */
  open(llms: readonly string[], busy: boolean): void;
  /** The panel is closed: the worker ends, unless a process is watched. */
  close(): void;
  /** A process and all below it are looked at every second, with the machine; null: no longer. */
  watchProcess(pid: number | null): void;
}
export type TelemetryStore = StoreApi<TelemetryState>;

export interface TelemetryDependencies {
  readonly telemetry: TelemetryPort;
  readonly schedule: Schedule;
}

const NOTHING: TelemetryHistory = { generation: new Map(), cpu: [] };

/** What the servers behind the columns and this machine do, while somebody looks. */
export function createTelemetryStore({ telemetry, schedule }: TelemetryDependencies): TelemetryStore {
  let worker: TelemetryWorker | null = null;
  let servers: Pick<TelemetryWatch, 'llms' | 'everyMs'> | null = null;
  let process: number | null = null;
  let wanted: TelemetryWatch | null = null;
  let restarts = 0;

  return createStore<TelemetryState>()((set, get) => {
    const start = (): void => {
      // What a worker says after it was replaced or stopped goes nowhere.
      const started = telemetry.start({
        onSample: (sample) => {
          if (worker !== started) return;
          schedule(() => {
            if (worker === started) set({ state: 'on', sample, history: extended(get().history, sample) });
          });
        },
        onEnd: (reason) => {
          if (worker !== started) return;
          worker = null;
          restarts += 1;
          if (wanted && restarts <= MOST_RESTARTS) start();
          else set({ state: 'failed', reason });
        },
      });
      worker = started;
      if (wanted) started.watch(wanted);
    };

    /** Tells the worker what is wanted now; it lives while anything is. */
    const apply = (): void => {
      if (!servers && process === null) {
        wanted = null;
        restarts = 0;
        worker?.stop();
        worker = null;
        set({ state: 'off', reason: '', history: NOTHING, sample: null });
        return;
      }
      wanted = {
        type: 'watch',
        llms: servers?.llms ?? [],
        pids: process === null ? [] : [process],
        everyMs: process === null ? (servers?.everyMs ?? 0) : EVERY_MS,
      };
      if (worker) worker.watch(wanted);
      else if (get().state !== 'failed') {
        set({ state: 'starting' });
        start();
      }
    };

    return {
      state: 'off',
      reason: '',
      sample: null,
      history: NOTHING,
      open: (llms, busy) => {
        servers = {
          llms: [...new Set(llms)].filter((llm) => llm !== 'none').sort(),
          everyMs: busy ? EVERY_MS : 0,
        };
        apply();
      },
      close: () => {
        servers = null;
        apply();
      },
      watchProcess: (pid) => {
        if (process === pid) return;
        process = pid;
        apply();
      },
    };
  });
}

function extended(history: TelemetryHistory, { servers, machine }: TelemetrySample): TelemetryHistory {
  const kept = (values: readonly number[] | undefined, value: number | null | undefined): number[] =>
    [...(values ?? []), value ?? Number.NaN].slice(-HISTORY);
  return {
    generation: new Map(
      servers.map(({ url, figures }) => [url, kept(history.generation.get(url), figures?.generationRate)]),
    ),
    cpu: kept(history.cpu, machine.cpu),
  };
}
