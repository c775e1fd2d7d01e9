import type { TelemetrySample } from '../src/serving/metrics-types.ts';
import type { Schedule } from './dependencies.ts';
import { type HistoryField, type MachineField, SLOT_MS, SLOTS, sampleKey } from './deploy-types.ts';
import { createHistory, type History } from './history.ts';
import type { TelemetryPort, TelemetryWorker } from './telemetry.ts';

/** While the screen is open, and while only the history goes on. */
const LOOK_MS = 1000;
const KEEP_MS = SLOT_MS;
const MOST_RESTARTS = 3;

export interface ServerWatch {
  /** By job id or address. Both grow as samples come. */
  readonly history: ReadonlyMap<string, History<HistoryField>>;
  readonly machine: History<MachineField>;
  /** Looks at what is there now: processes came or went. */
  look(): void;
  /** Each second. */
  open(): void;
  /** For the history alone, or not at all. */
  leave(keepOn: boolean): void;
  stop(): void;
}

export interface WatchDependencies {
  readonly telemetry: TelemetryPort;
  readonly schedule: Schedule;
  /** The workers of all jobs: a GPU may be a training's. */
  readonly pids: () => readonly number[];
  readonly onSample: (sample: TelemetrySample) => void;
  /** It ended too often to be started again. */
  readonly onBlind: (reason: string) => void;
}

/** Looks at all servers and the machine through the telemetry process, and keeps fifteen minutes of it. */
export function createServerWatch({ telemetry, schedule, pids, onSample, onBlind }: WatchDependencies): ServerWatch {
  let worker: TelemetryWorker | null = null;
  let everyMs = 0;
  let restarts = 0;
  const history = new Map<string, History<HistoryField>>();
  const machine = createHistory<MachineField>(SLOT_MS, SLOTS);

  const look = (): void => worker?.watch({ type: 'watch', llms: [], pids: [...pids()], all: true, everyMs });
  const start = (): void => {
    const started = telemetry.start({
      onSample: (sample) => {
        if (worker !== started) return;
        remember(history, machine, sample);
        schedule(() => {
          if (worker === started) onSample(sample);
        });
      },
      onEnd: (reason) => {
        if (worker !== started) return;
        worker = null;
        restarts += 1;
        if (restarts <= MOST_RESTARTS && everyMs > 0) start();
        else onBlind(reason);
      },
    });
    worker = started;
    look();
  };
  const stop = (): void => {
    worker?.stop();
    worker = null;
    everyMs = 0;
  };

  return {
    history,
    machine,
    look,
    open: () => {
      everyMs = LOOK_MS;
      restarts = 0;
      if (worker) look();
      else start();
    },
    leave: (keepOn) => {
      if (!keepOn) return stop();
      everyMs = KEEP_MS;
      look();
    },
    stop,
  };
}

function remember(
  history: Map<string, History<HistoryField>>,
  machine: History<MachineField>,
  sample: TelemetrySample,
): void {
  const { at, servers, gpus } = sample;
  const { cpu, memoryTotal, memoryAvailable } = sample.machine;
  const cards = gpus.state === 'ok' ? gpus.gpus : [];
  machine.add(at, {
    cpu,
    memory: memoryTotal && memoryAvailable !== null ? (memoryTotal - memoryAvailable) / memoryTotal : null,
    ...Object.fromEntries(
      cards.flatMap(({ index, busy, memoryUsed, memoryTotal: total }) => [
        [`gpu ${index}`, busy],
        [`gpu memory ${index}`, memoryUsed !== null && total ? memoryUsed / total : null],
      ]),
    ),
  });
  for (const server of servers) {
    const { figures } = server;
    if (!figures) continue;
    const key = sampleKey(server);
    const known = history.get(key) ?? createHistory<HistoryField>(SLOT_MS, SLOTS);
    history.set(key, known);
    known.add(at, {
      running: figures.running,
      waiting: figures.waiting,
      promptRate: figures.promptRate,
      generationRate: figures.generationRate,
      firstTokenMs: figures.firstTokenMs?.p50 ?? null,
      gapMs: figures.gapMs?.p50 ?? null,
      kvCache: figures.kvCache,
      prefixHits: figures.prefixHits,
    });
  }
}
