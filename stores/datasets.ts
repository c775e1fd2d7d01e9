import { createStore, type StoreApi } from 'zustand/vanilla';
import type { FilePreview } from '../src/datasets/preview.ts';
import type { DatasetTask, DatasetTaskResult } from '../src/datasets/task.ts';
import type { DatasetManifest, DatasetRow } from '../src/datasets/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { TaskProgress } from './child-task.ts';
import type { DatasetsPort, FindingsReader, RowSummary, ViewWish } from './datasets-port.ts';
import type { Clock, Schedule } from './dependencies.ts';
import { createRateMeter } from './rate.ts';
import { createRowPages } from './row-pages.ts';

export type { DatasetsPort, FindingsReader, RowSummary } from './datasets-port.ts';

export interface Rows {
  readonly dataset: string;
  readonly version: string;
  readonly part: string;
  /** Of the part, before any filter. */
  readonly total: number;
  readonly filter: string;
  readonly sort: ViewWish['sort'];
  /** Numbers of the rows that are shown; null: all, in their order. */
  readonly order: Uint32Array | null;
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

export type PreviewTask = Extract<DatasetTask, { op: 'preview' }>;

export interface DatasetsState {
  readonly list: readonly DatasetManifest[] | null;
  readonly error: RagtuiError | null;
  readonly selected: string | null;
  readonly rows: Rows | null;
  readonly open: { readonly number: number; readonly row: DatasetRow } | null;
  readonly task: RunningTask | null;
  /** Of the version that is shown; null: it was not checked. */
  readonly findings: FindingsReader | null;
  /** Of a file that is about to be imported. */
  readonly preview: {
    readonly task: PreviewTask;
    readonly found: FilePreview | null;
    readonly error: RagtuiError | null;
  } | null;
  /** Grows when rows that were asked for have been read. */
  readonly pages: number;
  refresh(): Promise<void>;
  /** Shows a dataset's rows: of its part, or of all. */
  select(name: string, part?: string): void;
  /** Shows other rows of the part, or in another order. */
  view(change: { readonly filter?: string; readonly sort?: ViewWish['sort'] }): Promise<void>;
  /** How many rows are shown, and which one stands at a place. */
  count(): number;
  numberAt(place: number): number;
  /** The place of a row, -1 when it is not shown. */
  placeOf(number: number): number;
  /** The rows at these places; those that are not read yet are empty, and come with the next `pages`. */
  window(from: number, to: number): readonly RowSummary[];
  openRow(number: number): Promise<void>;
  /** A row of any version, for a look beside. Errors: `not-found`, `corrupt`. */
  readRow(dataset: string, version: string, number: number): Promise<DatasetRow>;
  look(task: PreviewTask): Promise<void>;
  makeCurrent(version: string): Promise<void>;
  undo(): Promise<DatasetManifest | null>;
  /** All versions, the one made last first. */
  versions(name: string): readonly DatasetManifest[];
  /** One at a time; never rejects: the outcome is in `task`. */
  run(task: DatasetTask): Promise<RunningTask>;
  /** A short look beside the work under way. Errors: those of the task, `cancelled`. */
  aside(task: DatasetTask, signal: AbortSignal): Promise<DatasetTaskResult>;
  cancel(): void;
  remove(name: string): Promise<void>;
}
export type DatasetsStore = StoreApi<DatasetsState>;

export interface DatasetsDependencies {
  readonly datasets: DatasetsPort;
  readonly schedule: Schedule;
  readonly now: Clock;
}

/** After these the list is another one. */
const MAKES_VERSIONS: ReadonlySet<string> = new Set(['import', 'split', 'fix', 'edit', 'drop-false']);

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
  let looking: AbortController | undefined;

  return createStore<DatasetsState>()((set, get) => {
    const pages = createRowPages({
      read: (numbers) => {
        const { rows } = get();
        return rows ? datasets.some({ name: rows.dataset, version: rows.version }, numbers) : [];
      },
      onMore: () => set(({ pages: before }) => ({ pages: before + 1 })),
    });
    const read = async (change: Partial<Rows>): Promise<void> => {
      reading?.abort();
      const mine = new AbortController();
      reading = mine;
      const { rows: before } = get();
      if (!before) return;
      const rows: Rows = { ...before, ...change, loading: true, error: null };
      set({ rows });
      const publish = (found: Partial<Rows>): void => {
        const now = get().rows;
        if (!mine.signal.aborted && now) set({ rows: { ...now, ...found, loading: false } });
      };
      try {
        const { dataset: name, version, part, filter, sort } = rows;
        const order = await datasets.order({ name, version, part, filter, sort }, { signal: mine.signal });
        if (mine.signal.aborted) return;
        publish({ order });
        const { open, count, numberAt, openRow, placeOf } = get();
        if (count() > 0 && (open === null || placeOf(open.number) < 0)) await openRow(numberAt(0));
      } catch (error) {
        publish({ error: toRagtuiError(error) });
      }
    };
    const showVersion = (
      manifest: DatasetManifest,
      part: string,
      { filter, sort }: Pick<Rows, 'filter' | 'sort'> = { filter: '', sort: null },
    ): void => {
      pages.clear();
      const { name, version } = manifest;
      let findings: FindingsReader | null = null;
      let error: RagtuiError | null = null;
      try {
        findings = datasets.findings({ name, version });
      } catch (fault) {
        error = toRagtuiError(fault);
      }
      const whole = part === 'all' && filter === '' && sort === null;
      const empty = whole ? null : new Uint32Array(0);
      set({
        rows: {
          dataset: name,
          version,
          part,
          total: rowsOf(manifest, part),
          filter,
          sort,
          order: empty,
          loading: true,
          error,
        },
        findings,
        open: null,
      });
      void read({});
    };

    return {
      list: null,
      error: null,
      selected: null,
      rows: null,
      open: null,
      task: null,
      findings: null,
      preview: null,
      pages: 0,
      refresh: async () => {
        try {
          const list = await datasets.list();
          set({ list, error: null });
          const { selected, rows } = get();
          const current = list.find(({ name }) => name === selected) ?? list[0];
          if (!current) {
            reading?.abort();
            set({ selected: null, rows: null, open: null, findings: null });
          } else if (rows?.dataset !== current.name) get().select(current.name);
          else if (rows.version !== current.version) {
            // The same look at other rows: who edits what a filter found goes on with it.
            showVersion(current, partsOf(current).includes(rows.part) ? rows.part : 'all', rows);
          }
        } catch (error) {
          set({ error: toRagtuiError(error) });
        }
      },
      select: (name, part = 'all') => {
        const manifest = get().list?.find((one) => one.name === name);
        // What went wrong was read, and is in the log.
        set(({ task }) => ({ selected: name, task: task?.state === 'running' ? task : null }));
        if (manifest) showVersion(manifest, part);
      },
      view: async (change) => {
        pages.clear();
        await read(change);
      },
      count: () => {
        const { rows } = get();
        return rows?.order ? rows.order.length : (rows?.total ?? 0);
      },
      numberAt: (place) => get().rows?.order?.[place] ?? place,
      placeOf: (number) => {
        const { rows } = get();
        return rows?.order ? rows.order.indexOf(number) : number < (rows?.total ?? 0) ? number : -1;
      },
      window: (from, to) => {
        const { numberAt } = get();
        return pages.window(Array.from({ length: Math.max(0, to - from) }, (_, at) => numberAt(from + at)));
      },
      readRow: (dataset, version, number) => datasets.row(dataset, version, number),
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
      look: async (task) => {
        looking?.abort();
        const mine = new AbortController();
        looking = mine;
        set(({ preview }) => ({
          preview: { task, found: preview?.task.file === task.file ? preview.found : null, error: null },
        }));
        try {
          const found = await datasets.preview(task, { signal: mine.signal });
          if (looking === mine) set({ preview: { task, found, error: null } });
        } catch (error) {
          const reason = toRagtuiError(error);
          if (looking === mine && reason.code !== 'cancelled') set({ preview: { task, found: null, error: reason } });
        }
      },
      makeCurrent: async (version) => {
        const name = get().selected;
        if (name === null) return;
        await datasets.makeCurrent({ name, version });
        await get().refresh();
      },
      versions: (name) => datasets.versions(name),
      undo: async () => {
        const name = get().selected;
        if (name === null) return null;
        const manifest = await datasets.undo(name);
        await get().refresh();
        return manifest;
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
          if (MAKES_VERSIONS.has(result.op)) await get().refresh();
          const { rows } = get();
          if (result.op === 'check' && rows?.dataset === result.dataset) {
            set({ findings: datasets.findings({ name: rows.dataset, version: rows.version }) });
            if (rows.filter.includes('finding:')) void get().view({});
          }
          return done;
        } catch (error) {
          const reason = toRagtuiError(error);
          return put(reason.code === 'cancelled' ? { state: 'cancelled' } : { state: 'failed', error: reason });
        }
      },
      aside: (task, signal) => datasets.aside(task, { signal }),
      cancel: () => working?.abort(),
      remove: async (name) => {
        await datasets.remove(name);
        if (get().selected === name) set({ selected: null, rows: null, open: null, findings: null });
        await get().refresh();
      },
    };
  });
}
