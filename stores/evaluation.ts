import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BlameReport } from '../src/evaluation/blame/run.ts';
import type { Detectable } from '../src/evaluation/detectable.ts';
import type { ColumnComparison } from '../src/evaluation/diff.ts';
import type { RunFigures } from '../src/evaluation/figures.ts';
import type { ItemNote, ItemNotes } from '../src/evaluation/items/notes.ts';
import type { SentItems } from '../src/evaluation/items/send.ts';
import type { VoteStep } from '../src/evaluation/items/votes.ts';
import type { Calibration } from '../src/evaluation/judge/calibrate.ts';
import { knowMetrics } from '../src/evaluation/metrics/registry.ts';
import type { RunNote } from '../src/evaluation/notes.ts';
import { describedMetric, type OwnMetrics } from '../src/evaluation/own-metrics/types.ts';
import type { EvaluationWish } from '../src/evaluation/prepare.ts';
import type { ReportFormatName } from '../src/evaluation/reports/names.ts';
import type { Evaluation, Judging } from '../src/evaluation/types.ts';
import { isOver, type JobId, type JobView } from '../src/jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { JobsStore } from './jobs.ts';

/** A model that a column may be about. */
export interface ModelChoice {
  readonly id: string;
  readonly kind: 'llm' | 'embedder';
  /** Of an adapter: its base, which belongs beside it. */
  readonly base: string | null;
}

/** What is asked and said about single items. */
export interface ItemsPort {
  /** Where wrong answers went wrong; asked in a child process, of the knowledge base too. */
  blame(run: JobId, signal: AbortSignal): Promise<BlameReport>;
  notes(run: JobId): ItemNotes;
  note(run: JobId, items: readonly string[], change: Partial<ItemNote>): ItemNotes;
  /** Questions as rows of a dataset, which is made if there is none. */
  send(run: JobId, items: readonly string[], dataset: string): Promise<SentItems>;
}

export type RunWish =
  | { readonly op: 'pause' | 'continue' | 'retry' }
  | { readonly op: 'concurrency'; readonly value: Evaluation['concurrency'] };

export type BlindChoice = 'first' | 'second' | 'tie';

export interface PlannedJudging {
  readonly judging: Judging;
  readonly models: readonly string[];
  readonly warnings: readonly RunNote[];
}

export interface EvaluationPort {
  readonly items: ItemsPort;
  /** LLMs (models, adapters, endpoints) and embedders that are here. */
  models(): readonly ModelChoice[];
  /** Checks the wish and fills in what is not said. Errors: `usage`, `not-found`, those of the dataset. */
  prepare(wish: EvaluationWish): Promise<{
    readonly evaluation: Evaluation;
    readonly models: readonly string[];
    readonly warnings: readonly RunNote[];
  }>;
  /** Keeps a vote on a pair of answers without names, if one is given; gives the next pair. */
  vote(run: JobId, vote: { readonly item: string; readonly choice: BlindChoice } | null): Promise<VoteStep>;
  /** How judges agree with one's votes. Errors: those of `eval calibrate`. */
  calibrate(run: JobId): Promise<readonly Calibration[]>;
  /** What judging a run that is over would be. Errors: those of `eval judge`. */
  judging(run: JobId, judge: string): Promise<PlannedJudging>;
  /** The metrics in the config folder; their code is looked at in a child process. */
  ownMetrics(): Promise<OwnMetrics>;
  /** Ids of models of a run that are not on this disk. */
  missing(models: readonly string[]): readonly string[];
  /** All of a run; computed in a child process. */
  figures(run: JobId, signal: AbortSignal): Promise<RunFigures>;
  /** Two columns, of one run or of two: each `RUN` (its first column) or `RUN/COLUMN`. Errors: those of `eval diff`. */
  versus(a: string, b: string, signal: AbortSignal): Promise<ColumnComparison>;
  /** The smallest difference that a run can find; null when it cannot be told. */
  detectable(evaluation: Evaluation, signal: AbortSignal): Promise<Detectable | null>;
  /** While it goes on: nothing new is asked, or again; what failed is asked again; so many at once. */
  control(run: JobId, wish: RunWish): Promise<void>;
  /** Writes a document; gives its path. */
  export(run: JobId, format: ReportFormatName): Promise<string>;
}

export interface EvaluationForm {
  readonly dataset: string | null;
  readonly split: string;
  readonly limit: number | null;
  readonly seed: number;
  readonly kb: string | null;
  /** As on the command line: `name=base,llm=ID,context=gold,prompt=sft`. */
  readonly columns: readonly string[];
  /** Null: all that apply. */
  readonly metrics: readonly string[] | null;
  readonly primary: string | null;
  /** A file with a JSON Schema, or training rows made with one; null: none. */
  readonly schema: string | null;
  /** KEY of marks around answers, or training rows made with them; null: none. */
  readonly markers: string | null;
  /** The LLM that judges answers; null: none. */
  readonly judge: string | null;
}

export const FIGURES_PAGES = ['scores', 'verdict', 'matrix', 'strata', 'blame', 'versus'] as const;
export type FiguresPage = (typeof FIGURES_PAGES)[number];

export interface EvaluationState {
  /** What the lower part of the screen shows. */
  readonly view: 'form' | 'figures';
  /** What of the figures. */
  readonly page: FiguresPage;
  /** Columns of two runs that are compared; null: none are. */
  readonly versus: ColumnComparison | null;
  readonly detectable: Detectable | null;
  readonly models: readonly ModelChoice[];
  /** Own metrics that a run can have, and files that are none. */
  readonly own: OwnMetrics;
  readonly form: EvaluationForm;
  /** What would run. */
  readonly plan: Evaluation | null;
  /** Models that it needs and that are not here. */
  readonly missing: readonly string[];
  /** What to mind before it starts. */
  readonly warnings: readonly RunNote[];
  readonly problem: RagtuiError | null;
  /** The run that is looked at. */
  readonly shown: JobId | null;
  readonly figures: RunFigures | null;
  readonly reading: boolean;
  readonly error: RagtuiError | null;
  refresh(): void;
  setView(view: EvaluationState['view']): void;
  setPage(page: FiguresPage): void;
  compareRuns(a: string, b: string): Promise<void>;
  control(id: JobId, wish: RunWish): Promise<void>;
  configure(change: Partial<EvaluationForm>): Promise<void>;
  start(): Promise<JobId>;
  show(id: JobId): Promise<void>;
  /** Computes the figures anew: while a run goes on they are interim. */
  recompute(): Promise<void>;
  resume(job: JobView): Promise<JobId>;
  /** Lets an LLM judge the run that is looked at; gives what to mind. Errors: those of `eval judge`. */
  judge(llm: string): Promise<readonly RunNote[]>;
  /** The pair that is voted on; null: none is, or all are. */
  readonly ballot: VoteStep | null;
  /** Shows the next pair of the run that is looked at, after a vote on the one that is shown. */
  vote(choice: BlindChoice | null): Promise<void>;
  calibrate(): Promise<readonly Calibration[]>;
  export(format: ReportFormatName): Promise<string>;
}
export type EvaluationStore = StoreApi<EvaluationState>;

export interface EvaluationDependencies {
  readonly evaluation: EvaluationPort;
  readonly jobs: JobsStore;
}

const NO_OWN: OwnMetrics = { metrics: [], problems: [] };
/** The seed of the command line. */
const SEED = 1314;

/** The form of a new run, and the figures of the one that is looked at. */
export function createEvaluationStore({ evaluation, jobs }: EvaluationDependencies): EvaluationStore {
  let reading: AbortController | undefined;
  let turn = 0;
  let weighing: AbortController | undefined;
  let comparing: AbortController | undefined;

  const store = createStore<EvaluationState>()((set, get) => {
    const read = async (): Promise<void> => {
      const { shown } = get();
      if (shown === null) return;
      reading?.abort();
      const mine = new AbortController();
      reading = mine;
      set({ reading: true, error: null });
      try {
        const figures = await evaluation.figures(shown, mine.signal);
        if (mine.signal.aborted) return;
        knowMetrics((figures.report.run.evaluation.own ?? []).map(describedMetric));
        set({ figures, reading: false });
      } catch (error) {
        if (!mine.signal.aborted) set({ reading: false, error: toRagtuiError(error) });
      }
    };

    return {
      view: 'figures',
      page: 'scores',
      versus: null,
      ballot: null,
      detectable: null,
      models: [],
      own: NO_OWN,
      form: {
        dataset: null,
        split: 'all',
        limit: 60,
        seed: SEED,
        kb: null,
        columns: [],
        metrics: null,
        primary: null,
        schema: null,
        markers: null,
        judge: null,
      },
      plan: null,
      missing: [],
      warnings: [],
      problem: null,
      shown: null,
      figures: null,
      reading: false,
      error: null,
      setView: (view) => set({ view }),
      setPage: (page) => set({ page }),
      compareRuns: async (a, b) => {
        comparing?.abort();
        const mine = new AbortController();
        comparing = mine;
        const versus = await evaluation.versus(a, b, mine.signal);
        if (!mine.signal.aborted) set({ versus, page: 'versus', view: 'figures' });
      },
      control: (id, wish) => evaluation.control(id, wish),
      refresh: () => {
        set({ models: evaluation.models() });
        void evaluation.ownMetrics().then((own) => set({ own }));
      },
      configure: async (change) => {
        const mine = ++turn;
        const form = { ...get().form, ...change };
        weighing?.abort();
        set({ form, plan: null, problem: null, missing: [], warnings: [], detectable: null });
        if (form.dataset === null || form.columns.length === 0) return;
        try {
          const {
            evaluation: plan,
            models,
            warnings,
          } = await evaluation.prepare(wishOf(form, form.dataset, get().own));
          if (mine !== turn) return;
          set({ plan, warnings, missing: evaluation.missing(models) });
          const weigh = new AbortController();
          weighing = weigh;
          // Beside the form, not before it: an earlier run is read for it.
          void evaluation
            .detectable(plan, weigh.signal)
            .catch(() => null)
            .then((detectable) => (weigh.signal.aborted ? undefined : set({ detectable })));
        } catch (error) {
          if (mine === turn) set({ problem: toRagtuiError(error) });
        }
      },
      start: async () => {
        const { plan } = get();
        if (!plan) throw new RagtuiError('usage', 'The run is not complete yet.');
        const names = plan.columns.map(({ name }) => name).join(', ');
        const id = await jobs
          .getState()
          .launch(`evaluate ${names} on ${plan.dataset} ${plan.split}`, { kind: 'evaluate', ...plan });
        await get().show(id);
        return id;
      },
      show: async (id) => {
        set({ view: 'figures' });
        if (get().shown === id) return;
        set({ shown: id, figures: null, error: null });
        jobs.getState().select(id);
        await read();
      },
      recompute: read,
      resume: async (job) => {
        const { work, name } = job.spec;
        if (work.kind !== 'evaluate') throw new RagtuiError('usage', `${job.spec.id} is no evaluation.`);
        // Resuming means taking what is there, also where the run itself was to ask anew.
        const id = await jobs.getState().launch(name, { ...work, reuse: true });
        await get().show(id);
        return id;
      },
      vote: async (choice) => {
        const { shown, ballot } = get();
        if (shown === null) throw new RagtuiError('usage', 'There is no run to vote on.');
        const item = ballot?.run === shown ? ballot.next?.item : undefined;
        const cast = choice === null || item === undefined ? null : { item, choice };
        set({ ballot: await evaluation.vote(shown, cast) });
      },
      calibrate: async () => {
        const { shown } = get();
        if (shown === null) throw new RagtuiError('usage', 'There is no run.');
        return evaluation.calibrate(shown);
      },
      judge: async (llm) => {
        const { shown } = get();
        if (shown === null) throw new RagtuiError('usage', 'There is no run to judge.');
        const { judging, models, warnings } = await evaluation.judging(shown, llm);
        const missing = evaluation.missing(models);
        if (missing.length > 0) {
          throw new RagtuiError('not-found', `${missing.join(', ')} is not here.`, 'Pull it: screen 4.');
        }
        await jobs.getState().launch(`judge ${shown} with ${llm}`, { kind: 'judge', ...judging });
        return warnings;
      },
      export: async (format) => {
        const { shown } = get();
        if (shown === null) throw new RagtuiError('usage', 'There is no run to export.');
        return evaluation.export(shown, format);
      },
    };
  });

  // The figures of a run that ends are final: they are computed once more.
  jobs.getState().onEnd((job) => {
    const { work, id } = job.spec;
    const about = work.kind === 'judge' ? work.run : id;
    if (about === store.getState().shown) void store.getState().recompute();
  });
  return store;
}

/** The form as the command line would say it. */
export function wishOf(form: EvaluationForm, dataset: string, own: OwnMetrics = NO_OWN): EvaluationWish {
  const { split, limit, seed, kb, columns, metrics, primary, schema, markers, judge } = form;
  return {
    dataset,
    split,
    limit,
    seed,
    kb,
    column: columns,
    metrics,
    primary,
    schema,
    marker: markers,
    own: own.metrics,
    metricEmbedder: null,
    judge,
    baselines: true,
    concurrency: 'auto',
    reuse: true,
  };
}

export const isEvaluation = ({ spec }: JobView): boolean => spec.work.kind === 'evaluate';

/** The run to look at when nobody chose one: what goes on, else the newest. */
export const runToShow = (list: readonly JobView[]): JobView | undefined =>
  list.find((job) => isEvaluation(job) && !isOver(job.state)) ?? list.find(isEvaluation);
