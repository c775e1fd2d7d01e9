import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Endpoint, ModelStatus, PullProgress } from '../src/models/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { Clock, ModelsPort, Schedule } from './dependencies.ts';
import { createRateMeter } from './rate.ts';

export interface Pull {
  readonly id: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress: PullProgress | null;
  /** Bytes per second over the last seconds; null until it can be said. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
  readonly error: RagtuiError | null;
}

export interface ModelsState {
  readonly list: readonly ModelStatus[] | null;
  readonly endpoints: readonly Endpoint[];
  readonly error: RagtuiError | null;
  readonly pulls: Readonly<Record<string, Pull>>;
  /** Id of the model being hashed. */
  readonly verifying: string | null;
  readonly selected: string | null;
  refresh(): Promise<void>;
  select(id: string): void;
  /** Pulls one model; a second call for the same model joins the first. Never rejects: the outcome is in `pulls`. */
  pull(id: string): Promise<Pull>;
  cancel(id: string): void;
  verify(id: string): Promise<ModelStatus>;
  remove(id: string): Promise<void>;
}
export type ModelsStore = StoreApi<ModelsState>;

export interface ModelsDependencies {
  readonly models: ModelsPort;
  readonly schedule: Schedule;
  readonly now: Clock;
}

/** The catalogue with what is on disk, and the pulls under way. */
export function createModelsStore(dependencies: ModelsDependencies): ModelsStore {
  const { models, schedule, now } = dependencies;
  const running = new Map<string, { readonly controller: AbortController; readonly outcome: Promise<Pull> }>();

  return createStore<ModelsState>()((set, get) => {
    const put = (pull: Pull): Pull => {
      set((state) => ({ pulls: { ...state.pulls, [pull.id]: pull } }));
      return pull;
    };

    const start = async (id: string, signal: AbortSignal): Promise<Pull> => {
      const meter = createRateMeter(now);
      let latest: PullProgress | null = null;
      const publish = (): void => {
        if (!running.has(id) || !latest) return;
        const rate = meter.rate();
        const left = rate ? Math.max(0, latest.total - latest.bytes) / rate : null;
        put({ id, state: 'running', progress: latest, rate, secondsLeft: left, error: null });
      };
      put({ id, state: 'running', progress: null, rate: null, secondsLeft: null, error: null });
      const end = (state: Pull['state'], error: RagtuiError | null): Pull =>
        put({ id, state, progress: latest, rate: null, secondsLeft: null, error });
      try {
        await models.pull(id, {
          signal,
          onProgress: (progress) => {
            // A late report of a cancelled pull must not bring it back to life.
            if (signal.aborted) return;
            latest = progress;
            meter.add(progress.bytes);
            schedule(publish);
          },
        });
        return end('done', null);
      } catch (error) {
        const reason = toRagtuiError(error);
        return signal.aborted || reason.code === 'cancelled' ? end('cancelled', null) : end('failed', reason);
      } finally {
        running.delete(id);
        await get().refresh();
      }
    };

    return {
      list: null,
      endpoints: [],
      error: null,
      pulls: {},
      verifying: null,
      selected: null,
      refresh: async () => {
        try {
          const [list, endpoints] = await Promise.all([models.list(), models.endpoints()]);
          set({ list, endpoints, error: null });
        } catch (error) {
          set({ error: toRagtuiError(error) });
        }
      },
      select: (id) => set({ selected: id }),
      pull: (id) => {
        const current = running.get(id);
        if (current) return current.outcome;
        const controller = new AbortController();
        // `start` puts its first state at once, so the entry must exist before it runs.
        const outcome = Promise.resolve().then(() => start(id, controller.signal));
        running.set(id, { controller, outcome });
        return outcome;
      },
      cancel: (id) => running.get(id)?.controller.abort(),
      verify: async (id) => {
        set({ verifying: id });
        try {
          return await models.verify(id);
        } finally {
          set({ verifying: null });
          await get().refresh();
        }
      },
      remove: async (id) => {
        await models.remove(id);
        await get().refresh();
      },
    };
  });
}
