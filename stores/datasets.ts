import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DatasetTask, DatasetTaskResult } from '../src/datasets/task.ts';
import type { DatasetManifest, DatasetRow } from '../src/datasets/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { TaskOptions, TaskProgress } from './child-task.ts';
import type { Clock, Schedule } from './dependencies.ts';
import { createRateMeter } from './rate.ts';

/** A row as the table shows it. */
export interface RowSummary {
  readonly number: number;
  readonly question: string;
  readonly answer: string;
}

/** Datasets as the screens need them. What takes longer than a frame runs elsewhere or in slices. */
export interface DatasetsPort {
  list(): Promise<readonly DatasetManifest[]>;
  /** The rows of a part from its start, handed over in pieces; ends early when the signal aborts. */
  summaries(
    dataset: { readonly name: string; readonly version: string; readonly part: string },
    options: { readonly signal: AbortSignal; readonly onRows: (rows: readonly RowSummary[]) => void },
  ): Promise<void>;
  row(name: string, version: string, number: number): Promise<DatasetRow>;
  run(task: DatasetTask, options: TaskOptions): Promise<DatasetTaskResult>;
  remove(name: string): Promise<void>;
}

export interface Rows {
  readonly dataset: string;
  readonly version: string;
  readonly part: string;
  readonly total: number;
  readonly list: readonly RowSummary[];
  readonly loading: boolean;
  readonly error: RagtuiError | null;
}

/** The work under way or the last one. */
export interface RunningTask {
  readonly task: DatasetTask;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress: TaskProgress | null;
  /** Bytes per second. */
  readonly rate: number | null;
  readonly result: DatasetTaskResult | null;
  readonly error: RagtuiError | null;
}

export interface DatasetsState {
  readonly list: readonly DatasetManifest[] | null;
  readonly error: RagtuiError | null;
  readonly selected: string | null;
  readonly rows: Rows | null;
  readonly open: { readonly number: number; readonly row: DatasetRow } | null;
  readonly task: RunningTask | null;
  refresh(): Promise<void>;
  /** Shows a dataset's rows: of its part, or of all. */
  select(name: string, part?: string): void;
  openRow(number: number): Promise<void>;
  /** One at a time; never rejects: the outcome is in `task`. */
  run(task: DatasetTask): Promise<RunningTask>;
  cancel(): void;
  remove(name: string): Promise<void>;
}
export type DatasetsStore = StoreApi<DatasetsState>;

export interface DatasetsDependencies {
  readonly datasets: DatasetsPort;
  readonly schedule: Schedule;
  readonly now: Clock;
}

/** So many rows are listed; the rest is reached by its number on the command line. */
export const MOST_ROWS = 50_000;

/** `all`, then the parts of every split: `context/test`. */
export const partsOf = ({ splits }: DatasetManifest): readonly string[] => [
  'all',
  ...splits.flatMap((split) => split.parts.map((part) => `${split.name}/${part.name}`)),
];

/** How many rows a part has. */
export function rowsOf(manifest: DatasetManifest, part: string): number {
  const found = manifest.splits.flatMap((split) =>
    split.parts.filter(({ name }) => `${split.name}/${name}` === part).map(({ rows }) => rows),
  );
  return found[0] ?? manifest.rows;
}

/** The datasets with the rows of one of them, and the work on them that is under way. */
export function createDatasetsStore({ datasets, schedule, now }: DatasetsDependencies): DatasetsStore {
  let reading: AbortController | undefined;
  let working: AbortController | undefined;

  return createStore<DatasetsState>()((set, get) => {
    const read = async (manifest: DatasetManifest, part: string): Promise<void> => {
      reading?.abort();
      const mine = new AbortController();
      reading = mine;
      const { name, version } = manifest;
      const total = rowsOf(manifest, part);
      set({
        rows: { dataset: name, version, part, total, list: [], loading: true, error: null },
        open: null,
      });
      const found: RowSummary[] = [];
      const publish = (change: Partial<Rows> = {}): void => {
        const { rows } = get();
        if (!mine.signal.aborted && rows) set({ rows: { ...rows, list: [...found], ...change } });
      };
      const publishSoon = (): void => publish();
      try {
        await datasets.summaries(
          { name, version, part },
          {
            signal: mine.signal,
            onRows: (rows) => {
              found.push(...rows);
              schedule(publishSoon);
            },
          },
        );
        publish({ loading: false });
        const first = found[0];
        if (first && !mine.signal.aborted && get().open === null) await get().openRow(first.number);
      } catch (error) {
        publish({ loading: false, error: toRagtuiError(error) });
      }
    };

    return {
      list: null,
      error: null,
      selected: null,
      rows: null,
      open: null,
      task: null,
      refresh: async () => {
        try {
          const list = await datasets.list();
          set({ list, error: null });
          const { selected, rows } = get();
          const current = list.find(({ name }) => name === selected) ?? list[0];
          if (!current) {
            reading?.abort();
            set({ selected: null, rows: null, open: null });
          } else if (rows?.dataset !== current.name || rows.version !== current.version) get().select(current.name);
        } catch (error) {
          set({ error: toRagtuiError(error) });
        }
      },
      select: (name, part = 'all') => {
        const manifest = get().list?.find((one) => one.name === name);
        // What went wrong was read, and is in the log.
        set(({ task }) => ({ selected: name, task: task?.state === 'running' ? task : null }));
        if (manifest) void read(manifest, part);
      },
      openRow: async (number) => {
        const { rows } = get();
        if (!rows) return;
        try {
          const row = await datasets.row(rows.dataset, rows.version, number);
          if (get().rows?.dataset === rows.dataset && get().rows?.version === rows.version)
            set({ open: { number, row } });
        } catch (error) {
          set((state) => (state.rows ? { rows: { ...state.rows, error: toRagtuiError(error) } } : {}));
        }
      },
      run: async (task) => {
        const before = get().task;
        if (before?.state === 'running') return before;
        const mine = new AbortController();
        working = mine;
        const meter = createRateMeter(now);
        let latest: RunningTask = { task, state: 'running', progress: null, rate: null, result: null, error: null };
        const put = (change: Partial<RunningTask>): RunningTask => {
          latest = { ...latest, ...change };
          set({ task: latest });
          return latest;
        };
        put({});
        let progress: TaskProgress | null = null;
        const publish = (): void => {
          if (latest.state === 'running') put({ progress, rate: meter.rate() });
        };
        try {
          const result = await datasets.run(task, {
            signal: mine.signal,
            onProgress: (said) => {
              progress = said;
              meter.add(said.done);
              schedule(publish);
            },
          });
          const done = put({ state: 'done', result });
          if (result.op === 'import') set({ selected: result.dataset, rows: null });
          if (result.op !== 'export' && result.op !== 'contexts') await get().refresh();
          return done;
        } catch (error) {
          const reason = toRagtuiError(error);
          return put(reason.code === 'cancelled' ? { state: 'cancelled' } : { state: 'failed', error: reason });
        }
      },
      cancel: () => working?.abort(),
      remove: async (name) => {
        await datasets.remove(name);
        if (get().selected === name) set({ selected: null, rows: null, open: null });
        await get().refresh();
      },
    };
  });
}
