import { createStore, type StoreApi } from 'zustand/vanilla';
import type { EngineDevice, EngineName, EngineStatus } from '../src/engines/types.ts';
import { nextName } from '../src/jobs/clone.ts';
import { isOver, type JobEvent, type JobId, type JobView, type JobWork } from '../src/jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import { addEvent, type Curves, emptyCurves } from '../src/training/curves.ts';
import type { Failure } from '../src/training/failures/types.ts';
import type { SlowFacts } from '../src/training/forecast/gather.ts';
import { refuseHopeless } from '../src/training/forecast/refusal.ts';
import type { TrainingPlan } from '../src/training/llm-plan.ts';
import type { EmbedderOptions, EmbedderTraining, Method, Setting, Stage, Training } from '../src/training/types.ts';
import type { Schedule } from './dependencies.ts';
import type { JobsStore } from './jobs.ts';

export type TrainingKind = 'llm' | 'embedder';
export const ENGINE_OF = { llm: 'llamafactory', embedder: 'flagembedding' } as const satisfies Readonly<
  Record<TrainingKind, EngineName>
>;

/** Engines and plans as the screens need them; all of it is quick. */
export interface TrainingPort {
  engines(): readonly EngineStatus[];
  /** What this machine has. */
  device(): EngineDevice;
  /** Ids of LLMs whose chat template is known: others cannot be trained. */
  llmBases(): readonly string[];
  /** The values of a preset for this way of training, by the engine's own keys. */
  preset(kind: TrainingKind, way: TrainingWay): Readonly<Record<string, Setting>>;
  /**
   * Finds out what takes longer than a frame before this can be planned: what its base is like. Undefined when that is
   * known by now; else it is when this settles. A plan without it is right too, but late.
   */
  prepare(kind: TrainingKind, training: Training): Promise<void> | undefined;
  /** What would run. Errors: `not-found`, `usage`, `exists`, `unsupported`. */
  plan(kind: TrainingKind, training: EmbedderTraining, facts?: SlowFacts): TrainingPlan;
  /** What a forecast rests on and takes seconds to find out: token lengths by the base's own tokenizer. */
  slowFacts(kind: TrainingKind, training: Training, signal: AbortSignal): Promise<SlowFacts>;
  /** Runs a few steps of it and remembers what they took: a minute and more. Aborting ends the engine. */
  measure(work: JobWork, signal: AbortSignal): Promise<void>;
  /** Every key of an engine that may be set. */
  settingNames(kind: TrainingKind): readonly string[];
  /** Why the training of a job failed, with the lines that show it; undefined where nothing was kept. Quick. */
  failure(job: JobView): Failure | undefined;
  /** Writes the curves of these trainings as CSV, SVG and PNG; the files. */
  exportCurves(jobs: readonly JobId[]): Promise<readonly string[]>;
  /** All numbers and artifacts of a job from its first line on, then new ones. Returns how to stop. */
  events(id: JobId, listener: (events: readonly JobEvent[]) => void): () => void;
}

/** What decides the values of a preset. */
export type TrainingWay = Pick<Training, 'preset' | 'method' | 'stage'>;

/** What the form holds; null and '' are not filled in yet. */
export interface TrainingForm extends Pick<Training, 'split' | 'preset' | 'settings' | 'seed' | 'allowUnservable'> {
  readonly kind: TrainingKind;
  readonly dataset: string | null;
  readonly base: string | null;
  readonly name: string;
  readonly limit: number | null;
  /** Of an LLM; null: the preset's. */
  readonly method: Method | null;
  readonly stage: Stage;
  /** Of an LLM; null: the one that is found by comparison. */
  readonly template: string | null;
  /** Of an LLM; null: the rows' own. */
  readonly system: string | null;
  /** Null: one, where there are any. */
  readonly gpus: number | null;
  /** Of an embedder; what is as usual is not in it. */
  readonly embedder: EmbedderOptions;
}

/** A training whose numbers are followed. */
export interface Watched extends Curves {
  readonly job: JobId;
}

export interface TrainingState {
  /** What the lower part of the screen shows. */
  readonly view: 'form' | 'live';
  /** What stands beside the form where there is room for one thing. */
  readonly beside: 'plan' | 'forecast';
  readonly engines: readonly EngineStatus[] | null;
  readonly device: EngineDevice;
  readonly form: TrainingForm;
  readonly plan: TrainingPlan | null;
  /** Why there is no plan. */
  readonly problem: RagtuiError | null;
  /** Its base is being looked at: the plan comes with what is found. */
  readonly reading: boolean;
  /** Token lengths are being counted, or steps are being run to measure them. */
  readonly counting: boolean;
  readonly measuring: boolean;
  /** Forms before changes, the last one last. */
  readonly past: readonly TrainingForm[];
  /** The training that is looked at. Its series grow outside React; `version` says when to look again. */
  readonly watched: Watched | null;
  /** Trainings whose curves are laid over those of the watched one. They grow as it does. */
  readonly overlays: readonly Watched[];
  readonly version: number;
  /** Ids of LLMs that can be trained. */
  llmBases(): readonly string[];
  /** The values that settings have before they are changed, by the engine's own keys. */
  preset(): Readonly<Record<string, Setting>>;
  refresh(): void;
  setView(view: TrainingState['view']): void;
  turnBeside(): void;
  settingNames(kind: TrainingKind): readonly string[];
  /** Changes the form; `remember` (the default) keeps it for `undo`. */
  configure(change: Partial<TrainingForm>, options?: { readonly remember?: boolean }): void;
  /** Takes the last change of the form back; false: there is none. */
  undo(): boolean;
  /** Counts tokens for the forecast, instead of estimating them. */
  count(): Promise<void>;
  /** Runs a few steps for the time they take; while it does so, ends that. */
  measure(): Promise<void>;
  start(): Promise<JobId>;
  install(engine: EngineName): Promise<JobId>;
  watch(id: JobId): void;
  /** Lays exactly these trainings over the watched one. */
  overlay(ids: readonly JobId[]): void;
  /** Writes the curves of the watched training, and of those laid over it, into files. */
  exportCurves(): Promise<readonly string[]>;
  resume(job: JobView): Promise<JobId>;
  /** Why a training failed; undefined for one that did not, or that kept nothing. */
  failure(job: JobView): Failure | undefined;
  /** Starts the next rung of a training that ran out of memory, as a new one under a free name. */
  nextRung(job: JobView): Promise<JobId>;
}
export type TrainingStore = StoreApi<TrainingState>;

export interface TrainingDependencies {
  readonly training: TrainingPort;
  readonly jobs: JobsStore;
  readonly schedule: Schedule;
}

const SEED = 42;
/** What only one kind of training has, before anybody chose anything. */
const AS_USUAL = {
  method: null,
  stage: 'sft',
  template: null,
  system: null,
  gpus: null,
  embedder: {},
  allowUnservable: undefined,
} as const satisfies Partial<TrainingForm>;
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
        return { plan: training.plan(form.kind, wanted, factsOf(wanted)), problem: null, reading: false };
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
      form: {
        kind: 'llm',
        dataset: null,
        split: 'all',
        base: null,
        name: '',
        preset: 'cpu',
        settings: {},
        limit: null,
        seed: SEED,
        ...AS_USUAL,
      },
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
        set({ engines: training.engines(), device: training.device() });
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
        const { forecast, dataset } = training.plan(form.kind, wanted);
        refuseHopeless(forecast);
        const id = await jobs.getState().launch(`train ${wanted.name}`, workOf(form.kind, { ...wanted, dataset }));
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
        training.plan(kind, next);
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

/** The form as a training; undefined while something is missing. What the kind has not, or is as usual, is left out. */
export function trainingOf(form: TrainingForm): EmbedderTraining | undefined {
  const { dataset, split, base, name, settings, seed, limit, gpus } = form;
  if (dataset === null || base === null || name === '') return undefined;
  return {
    ...{ dataset, split, base, name, settings, seed },
    ...wayOf(form),
    ...(limit === null ? {} : { limit }),
    ...(gpus === null ? {} : { gpus }),
    ...(form.kind === 'llm' ? llmOptionsOf(form) : embedderOptionsOf(form)),
  };
}

function llmOptionsOf({ template, system, allowUnservable }: TrainingForm): Partial<Training> {
  return {
    ...(template === null ? {} : { template }),
    ...(system === null ? {} : { system }),
    ...(allowUnservable ? { allowUnservable } : {}),
  };
}

const embedderOptionsOf = ({ embedder }: TrainingForm): Pick<EmbedderTraining, 'embedder'> =>
  Object.keys(embedder).length === 0 ? {} : { embedder };

/** All that a training was told but for its name, as the form holds it. */
export function formOf(work: JobWork & { readonly kind: 'train-llm' | 'train-embedder' }): Omit<TrainingForm, 'name'> {
  const { dataset, split, base, preset, settings, seed } = work;
  return {
    ...AS_USUAL,
    ...{ dataset, split, base, preset, settings, seed },
    limit: work.limit ?? null,
    gpus: work.gpus ?? null,
    ...(work.kind === 'train-embedder'
      ? { kind: 'embedder', embedder: work.embedder ?? {} }
      : {
          kind: 'llm',
          method: work.method ?? null,
          stage: work.stage ?? 'sft',
          template: work.template ?? null,
          system: work.system ?? null,
          allowUnservable: work.allowUnservable,
        }),
  };
}

/** Preset, method and stage; what an embedder has not, or is as usual, is left out. */
function wayOf({ kind, preset, method, stage }: TrainingForm): TrainingWay {
  if (kind === 'embedder') return { preset };
  return { preset, ...(method === null ? {} : { method }), ...(stage === 'sft' ? {} : { stage }) };
}

const workOf = (kind: TrainingKind, wanted: EmbedderTraining): JobWork =>
  kind === 'llm' ? { kind: 'train-llm', ...wanted } : { kind: 'train-embedder', ...wanted };

/** The texts a training is made of: what token lengths depend on. */
const rowsOfTraining = ({ dataset, split, base, limit, template, system }: Training): string =>
  JSON.stringify([dataset, split, base, limit ?? null, template ?? null, system ?? null]);

export const isTraining = ({ spec }: JobView): boolean =>
  spec.work.kind === 'train-llm' || spec.work.kind === 'train-embedder';

/** The training to look at when nobody chose one: what runs, else the newest. */
export const trainingToWatch = (list: readonly JobView[]): JobView | undefined =>
  list.find((job) => isTraining(job) && !isOver(job.state)) ?? list.find(isTraining);
