import { createStore } from 'zustand/vanilla';
import type { EngineDevice } from '../src/engines/types.ts';
import { nextName } from '../src/jobs/clone.ts';
import { isOver, type JobId, type JobView } from '../src/jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import { addEvent, emptyCurves } from '../src/training/curves.ts';
import type { Failure } from '../src/training/failures/types.ts';
import type { SlowFacts } from '../src/training/forecast/gather.ts';
import { refuseHopeless } from '../src/training/forecast/refusal.ts';
import { ENGINE_OF, type Training, type TrainingKind } from '../src/training/types.ts';
import type { Schedule } from './dependencies.ts';
import type { JobsStore } from './jobs.ts';
import { AS_USUAL, NEW_TRAINING, rowsOfTraining, trainingOf, wayOf, workOf } from './training-form.ts';
import type { TrainingForm, TrainingPort, TrainingState, TrainingStore, Watched } from './training-types.ts';

export interface TrainingDependencies {
  readonly training: TrainingPort;
  readonly jobs: JobsStore;
  readonly schedule: Schedule;
}

/** Changes of the form that can be taken back. */
const MOST_UNDONE = 50;

/** The form of a new training, the engines it needs, and the numbers of the one that is looked at. */
export function createTrainingStore({ training, jobs, schedule }: TrainingDependencies): TrainingStore {
  let stopWatching: (() => void) | undefined;
  const stopOverlays = new Map<JobId, () => void>();
  let counted: { readonly rows: string; readonly facts: SlowFacts } | undefined;
  let stopCounting: AbortController | undefined;
  let stopMeasuring: AbortController | undefined;
  let failed: { readonly job: JobId; readonly failure: Failure | undefined } | undefined;

  const store = createStore<TrainingState>()((set, get) => {
    const engineDevice = (kind: TrainingKind): EngineDevice =>
      get().engines?.find(({ definition }) => definition.name === ENGINE_OF[kind])?.manifest?.device ?? get().device;

    const plan = (form: TrainingForm): Pick<TrainingState, 'plan' | 'problem' | 'reading'> => {
      const wanted = trainingOf(form);
      if (!wanted) return { plan: null, problem: null, reading: false };
      const prepared = training.prepare(form.kind, wanted);
      if (prepared) {
        planAfter(prepared);
        return { plan: null, problem: null, reading: true };
      }
      try {
        return {
          plan: training.plan(form.kind, wanted, factsOf(wanted), form.launcher),
          problem: null,
          reading: false,
        };
      } catch (error) {
        return { plan: null, problem: toRagtuiError(error), reading: false };
      }
    };
    /** The form as it is by then. */
    const planAfter = (prepared: Promise<void>): void => {
      prepared.then(
        () => set(plan(get().form)),
        (error: unknown) => {
          if (get().reading) set({ plan: null, problem: toRagtuiError(error), reading: false });
        },
      );
    };

    /** Counted facts hold as long as base and rows stay the same. */
    const factsOf = (wanted: Training): SlowFacts | undefined =>
      counted?.rows === rowsOfTraining(wanted) ? counted.facts : undefined;

    const publish = (): void => set((state) => ({ version: state.version + 1 }));
    /** Follows the numbers of a training from its first on. */
    const follow = (id: JobId): { watched: Watched; stop: () => void } => {
      const watched: Watched = { job: id, ...emptyCurves() };
      const stop = training.events(id, (events) => {
        for (const event of events) addEvent(watched, event);
        schedule(publish);
      });
      return { watched, stop };
    };

    return {
      view: 'live',
      beside: 'forecast',
      engines: null,
      device: 'cpu',
      hosts: [],
      form: NEW_TRAINING,
      plan: null,
      problem: null,
      reading: false,
      counting: false,
      measuring: false,
      past: [],
      watched: null,
      overlays: [],
      version: 0,
      llmBases: () => training.llmBases(),
      preset: () => training.preset(get().form.kind, wayOf(get().form)),
      settingNames: (kind) => training.settingNames(kind),
      setView: (view) => set({ view }),
      turnBeside: () => set(({ beside }) => ({ beside: beside === 'plan' ? 'forecast' : 'plan' })),
      refresh: () => {
        set({ engines: training.engines(), device: training.device(), hosts: training.hosts() });
        // What the plan rests on may have changed: a dataset, a name that is taken by now.
        set(plan(get().form));
      },
      configure: (change, { remember = true } = {}) => {
        const before = get().form;
        const kind = change.kind ?? before.kind;
        // Other engines have other keys, and another base.
        const fresh: Partial<TrainingForm> =
          kind === before.kind
            ? {}
            : {
                settings: {},
                base: null,
                ...AS_USUAL,
                preset: engineDevice(kind) === 'cpu' ? 'cpu' : 'tutorial',
              };
        const form: TrainingForm = { ...before, ...fresh, ...change, kind };
        const past = remember ? [...get().past, before].slice(-MOST_UNDONE) : get().past;
        set({ form, past, ...plan(form) });
      },
      undo: () => {
        const form = get().past.at(-1);
        if (!form) return false;
        set({ form, past: get().past.slice(0, -1), ...plan(form) });
        return true;
      },
      count: async () => {
        const { form } = get();
        const wanted = trainingOf(form);
        if (!wanted) return;
        stopCounting?.abort();
        const controller = new AbortController();
        stopCounting = controller;
        set({ counting: true });
        try {
          const facts = await training.slowFacts(form.kind, wanted, controller.signal);
          counted = { rows: rowsOfTraining(wanted), facts };
          set(plan(get().form));
        } finally {
          if (stopCounting === controller) set({ counting: false });
        }
      },
      measure: async () => {
        if (stopMeasuring) {
          stopMeasuring.abort();
          return;
        }
        const { form } = get();
        const wanted = trainingOf(form);
        if (!wanted) return;
        const controller = new AbortController();
        stopMeasuring = controller;
        set({ measuring: true });
        try {
          await training.measure(workOf(form.kind, wanted), controller.signal);
        } catch (error) {
          if (!controller.signal.aborted) throw error;
        } finally {
          stopMeasuring = undefined;
          set({ measuring: false, ...plan(get().form) });
        }
      },
      start: async () => {
        const { form } = get();
        const wanted = trainingOf(form);
        if (!wanted) throw new Error('the form is not filled in');
        await training.prepare(form.kind, wanted);
        const { launcher } = form;
        const { forecast, dataset } = training.plan(form.kind, wanted, undefined, launcher);
        // A forecast is of this machine.
        if (launcher === null) refuseHopeless(forecast);
        const work = workOf(form.kind, { ...wanted, dataset }, launcher);
        const id = await jobs.getState().launch(`train ${wanted.name}`, work);
        get().watch(id);
        get().refresh();
        return id;
      },
      install: (engine) =>
        jobs.getState().launch(`install ${engine}`, { kind: 'engine-install', engine, device: get().device }),
      watch: (id) => {
        if (get().watched?.job === id) {
          set({ view: 'live' });
          return;
        }
        stopWatching?.();
        const { watched, stop } = follow(id);
        stopWatching = stop;
        set((state) => ({ watched, view: 'live', version: state.version + 1 }));
        jobs.getState().select(id);
      },
      overlay: (ids) => {
        const before = new Map(get().overlays.map((one) => [one.job, one]));
        for (const [id, stop] of stopOverlays) {
          if (ids.includes(id)) continue;
          stop();
          stopOverlays.delete(id);
        }
        const overlays = ids.map((id) => {
          const known = before.get(id);
          if (known) return known;
          const { watched, stop } = follow(id);
          stopOverlays.set(id, stop);
          return watched;
        });
        set((state) => ({ overlays, version: state.version + 1 }));
      },
      exportCurves: async () => {
        const { watched, overlays } = get();
        return watched ? training.exportCurves([...new Set([watched, ...overlays].map(({ job }) => job))]) : [];
      },
      failure: (job) => {
        if (job.state !== 'failed') return undefined;
        const { id } = job.spec;
        // Read once: a failure does not change.
        if (failed?.job !== id) failed = { job: id, failure: training.failure(job) };
        return failed.failure;
      },
      nextRung: async (job) => {
        const { work } = job.spec;
        const rung = get().failure(job)?.rung;
        if (!rung || (work.kind !== 'train-llm' && work.kind !== 'train-embedder')) {
          throw new RagtuiError('usage', 'There is no next rung for this training.', 'Start one with other settings.');
        }
        const wanted = (name: string) => ({ ...work, name, settings: { ...work.settings, ...rung.changes } });
        const names = new Set(
          (jobs.getState().list ?? []).flatMap(({ spec }) => ('name' in spec.work ? [spec.work.name] : [])),
        );
        const next = wanted(nextName(work.name, (name) => names.has(name)));
        // What cannot run is refused here, not in the job.
        const kind = work.kind === 'train-llm' ? 'llm' : 'embedder';
        await training.prepare(kind, next);
        training.plan(kind, next, undefined, next.launcher);
        const id = await jobs.getState().launch(`train ${next.name}`, next);
        get().watch(id);
        return id;
      },
      resume: async (job) => {
        const id = await jobs.getState().resume(job.spec.id);
        get().watch(id);
        return id;
      },
    };
  });

  // An engine that is installed, a name that is taken now: the form looks again.
  jobs.getState().onEnd((job) => {
    if (isTraining(job) || job.spec.work.kind === 'engine-install') store.getState().refresh();
  });
  return store;
}

export const isTraining = ({ spec }: JobView): boolean =>
  spec.work.kind === 'train-llm' || spec.work.kind === 'train-embedder';

/** The training to look at when nobody chose one: what runs, else the newest. */
export const trainingToWatch = (list: readonly JobView[]): JobView | undefined =>
  list.find((job) => isTraining(job) && !isOver(job.state)) ?? list.find(isTraining);
