import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DatasetManifest } from '../src/datasets/types.ts';
import type { JobView } from '../src/jobs/types.ts';
import { datasetFacts, jobFacts } from '../src/tour/facts.ts';
import { NEW_TOUR, skipped, stepNow, ticked } from '../src/tour/steps.ts';
import type { TourFacts, TourRecord, TourStep } from '../src/tour/types.ts';

export interface TourPort {
  read(): TourRecord;
  /** Errors: those of the disk. */
  write(record: TourRecord): void;
  /** From files and service, for what no screen has read yet. */
  facts(): Promise<TourFacts>;
}

export interface TourState {
  readonly record: TourRecord;
  /** Puts the strip on screen; ticks at once what was done before. */
  begin(): void;
  /** Takes the strip away; what was done stays, `begin` goes on there. */
  leave(): void;
  /** Leaves a step out, or takes it up again. */
  skip(step: TourStep): void;
  /** From the first step, nothing ticked but what is there. */
  again(): void;
  /** A screen's word that a step was looked at. */
  look(step: TourStep): void;
  /** Ticks what the facts show as done (default: those of the stores) while the tour is on. */
  tick(facts?: TourFacts): void;
  /** Called with every step that is ticked while the tour is on. Returns how to stop. */
  onTick(listener: (step: TourStep, next: TourStep | null) => void): () => void;
}
export type TourStore = StoreApi<TourState>;

/** Of a store, what the tour reads. */
interface Watched<T> {
  readonly getState: () => T;
  readonly subscribe: (listener: () => void) => () => void;
}

export interface TourDependencies {
  readonly port: TourPort;
  readonly kb: Watched<{ readonly list: readonly { readonly documents: number }[] | null }>;
  readonly ask: Watched<{ readonly answer: object | null; readonly history: readonly object[] | null }>;
  readonly compare: Watched<{
    readonly run: {
      readonly underWay: boolean;
      readonly columns: ReadonlyMap<number, { readonly result: object | null }>;
    } | null;
    readonly history: readonly { readonly columns: readonly object[] }[] | null;
  }>;
  readonly datasets: Watched<{ readonly list: readonly DatasetManifest[] | null }>;
  readonly training: Watched<{ readonly view: 'form' | 'live'; readonly plan: object | null }>;
  readonly evaluation: Watched<{
    readonly view: 'form' | 'figures';
    readonly page: string;
    readonly figures: object | null;
  }>;
  readonly jobs: Watched<{ readonly list: readonly JobView[] | null }>;
}

/** The tour: watches the other stores while it is on, and ticks each step when it is done, in whatever order. */
export function createTourStore(dependencies: TourDependencies): TourStore {
  const { port, kb, ask, compare, datasets, training, evaluation, jobs } = dependencies;
  const looked = new Set<TourStep>();
  const listeners = new Set<(step: TourStep, next: TourStep | null) => void>();

  const facts = (): TourFacts => {
    const { run, history } = compare.getState();
    const answered = run && !run.underWay && [...run.columns.values()].filter(({ result }) => result).length > 1;
    return {
      documents: (kb.getState().list ?? []).reduce((sum, { documents }) => sum + documents, 0),
      answers: (ask.getState().answer ? 1 : 0) + (ask.getState().history?.length ?? 0),
      comparisons: (answered ? 1 : 0) + (history ?? []).filter(({ columns }) => columns.length > 1).length,
      ...datasetFacts(datasets.getState().list ?? []),
      ...jobFacts(jobs.getState().list ?? []),
      looked,
    };
  };

  const store = createStore<TourState>()((set, get) => {
    const keep = (record: TourRecord): void => {
      const before = get().record;
      if (record === before) return;
      set({ record });
      port.write(record);
      for (const step of record.done.filter((each) => !before.done.includes(each))) {
        for (const listener of listeners) listener(step, stepNow(record));
      }
    };
    const start = (record: TourRecord): void => {
      keep(ticked({ ...record, state: 'on' }, facts()));
      // Screens that were not open yet have read nothing: the files and the service know. Ticks are a comfort, no more.
      port.facts().then(
        (found) => get().tick(found),
        () => undefined,
      );
    };
    return {
      record: port.read(),
      begin: () => start(get().record),
      leave: () => keep({ ...get().record, state: 'left' }),
      skip: (step) => keep(skipped(get().record, step)),
      again: () => {
        looked.clear();
        start(NEW_TOUR);
      },
      look: (step) => {
        looked.add(step);
        get().tick();
      },
      tick: (found = facts()) => {
        if (get().record.state === 'on') keep(ticked(get().record, found));
      },
      onTick: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  });

  const watch = (): void => {
    if (store.getState().record.state !== 'on') return;
    const { view, plan } = training.getState();
    if (view === 'form' && plan) looked.add('train');
    const shown = evaluation.getState();
    if (shown.view === 'figures' && shown.page === 'verdict' && shown.figures) looked.add('verdict');
    store.getState().tick();
  };
  for (const each of [kb, ask, compare, datasets, training, evaluation, jobs]) each.subscribe(watch);
  return store;
}
