import type { StoreApi } from 'zustand/vanilla';
import type { EngineDevice, EngineName, EngineStatus } from '../src/engines/types.ts';
import type { Host } from '../src/hosts/types.ts';
import type { JobEvent, JobId, JobView, JobWork } from '../src/jobs/types.ts';
import type { RagtuiError } from '../src/platform/errors.ts';
import type { Curves } from '../src/training/curves.ts';
import type { Failure } from '../src/training/failures/types.ts';
import type { SlowFacts } from '../src/training/forecast/gather.ts';
import type { TrainingPlan } from '../src/training/llm-plan.ts';
import type {
  EmbedderOptions,
  EmbedderTraining,
  Method,
  Setting,
  Stage,
  Training,
  TrainingKind,
} from '../src/training/types.ts';

/** Engines and plans as the screens need them; all of it is quick. */
export interface TrainingPort {
  engines(): readonly EngineStatus[];
  /** What this machine has. */
  device(): EngineDevice;
  /** Other hosts, with the engines that each had when it was looked at last. */
  hosts(): readonly Host[];
  /** Ids of LLMs whose chat template is known: others cannot be trained. */
  llmBases(): readonly string[];
  /** The values of a preset for this way of training, by the engine's own keys. */
  preset(kind: TrainingKind, way: TrainingWay): Readonly<Record<string, Setting>>;
  /**
   * Finds out what takes longer than a frame before this can be planned: what its base is like. Undefined when that is
   * known by now; else it is when this settles. A plan without it is right too, but late.
   */
  prepare(kind: TrainingKind, training: Training): Promise<void> | undefined;
  /** What would run; `launcher`: not on this machine. Errors: `not-found`, `usage`, `exists`, `unsupported`. */
  plan(kind: TrainingKind, training: EmbedderTraining, facts?: SlowFacts, launcher?: string | null): TrainingPlan;
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
  /** Where it runs; null: on this machine. */
  readonly launcher: string | null;
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
  /** Null: one. */
  readonly nodes: number | null;
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
  readonly hosts: readonly Host[];
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
