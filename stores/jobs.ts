import { createStore, type StoreApi } from 'zustand/vanilla';
import type { StopStep } from '../src/jobs/control.ts';
import type { Deletion } from '../src/jobs/made.ts';
import type { OutputName } from '../src/jobs/output.ts';
import { isOver, type JobEvent, type JobId, type JobView, type JobWork } from '../src/jobs/types.ts';
import type { KnowledgeBase } from '../src/kb/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { JobsPort, Schedule } from './dependencies.ts';

export interface LogLine {
  readonly time: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** What the log pane shows of the selected job: its events, what its processes print, or exactly what was run. */
export type LogSource = 'events' | OutputName | 'ran';
/** Those that are logs, in the order a key goes through them. */
export const LOG_SOURCES: readonly LogSource[] = ['events', 'stdout', 'stderr'];

/** What the last artifact event of a job carried, by artifact name (an ingest's `report`). */
export type Artifacts = Readonly<Record<string, unknown>>;

export interface JobsState {
  readonly list: readonly JobView[] | null;
  readonly error: RagtuiError | null;
  readonly selected: JobId | null;
  /** Of every job that is tailed. Grows outside React; `logVersion` says when to look again. */
  readonly logs: ReadonlyMap<JobId, readonly LogLine[]>;
  readonly logVersion: number;
  readonly source: LogSource;
  /** Of the selected job, when `source` is not `events`. Grows outside React, as the logs do. */
  readonly output: readonly string[];
  readonly artifacts: Readonly<Record<string, Artifacts>>;
  /** Steps so far of a stop under way. */
  readonly stopping: Readonly<Record<string, readonly StopStep[]>>;
  refresh(): Promise<void>;
  select(id: JobId): void;
  launch(name: string, work: JobWork): Promise<JobId>;
  showSource(source: LogSource): void;
  stop(id: JobId): Promise<void>;
  /** A queued job starts although others have its devices. */
  startNow(id: JobId): Promise<void>;
  /** Each starts a new job and selects it. */
  resume(id: JobId): Promise<JobId>;
  retry(id: JobId): Promise<JobId>;
  clone(id: JobId, changes: readonly string[]): Promise<JobId>;
  note(id: JobId, text: string): Promise<void>;
  tag(id: JobId, changes: readonly string[]): Promise<void>;
  deletion(id: JobId, bases: readonly KnowledgeBase[]): Promise<Deletion>;
  /** `bases`: with what it made, unless somebody uses it. */
  remove(id: JobId, bases?: readonly KnowledgeBase[]): Promise<void>;
  /** Calls once for each job that ends while we look. */
  onEnd(listener: (job: JobView) => void): () => void;
  /** Starts to follow the jobs folder; returns how to stop everything. */
  open(): () => void;
}
export type JobsStore = StoreApi<JobsState>;

export interface JobsDependencies {
  readonly jobs: JobsPort;
  readonly schedule: Schedule;
}

const LOG_LINES_KEPT = 5000;
/** How often jobs that should run are looked at. */
const LOOK_MS = 3000;

/** Jobs and their live events. A job that runs is tailed; one that is over is read once, when it is looked at. */
export function createJobsStore({ jobs, schedule }: JobsDependencies): JobsStore {
  const tails = new Map<JobId, () => void>();
  const logs = new Map<JobId, LogLine[]>();
  const listeners = new Set<(job: JobView) => void>();
  /** What the pane shows now, and how to stop it. */
  let showing: { readonly key: string; readonly stop: () => void } | undefined;
  let refreshing: Promise<void> | undefined;
  let again = false;

  return createStore<JobsState>()((set, get) => {
    const replace = (view: JobView): void =>
      set((state) => ({ list: (state.list ?? []).map((job) => (job.spec.id === view.spec.id ? view : job)) }));

    const bumpLog = (): void => set((state) => ({ logVersion: state.logVersion + 1 }));

    const changed = new Map<JobId, JobView['progress']>();
    const publishProgress = (): void => {
      const updates = new Map(changed);
      changed.clear();
      set((state) => ({
        list: (state.list ?? []).map((job) => {
          const progress = updates.get(job.spec.id);
          return progress && !isOver(job.state) ? { ...job, progress } : job;
        }),
      }));
    };

    const reload = async (id: JobId): Promise<void> => {
      try {
        const before = get().list?.find((job) => job.spec.id === id);
        const view = await jobs.view(id);
        replace(view);
        if (before && !isOver(before.state) && isOver(view.state)) for (const listener of listeners) listener(view);
      } catch {
        // The folder went away in between; the folder watch brings the list up to date.
      }
    };

    const take = (id: JobId, events: readonly JobEvent[]): void => {
      let state = false;
      for (const event of events) {
        if (event.type === 'progress') changed.set(id, event.progress);
        else if (event.type === 'state') {
          state = true;
          append(logs, id, {
            time: event.time,
            level: 'info',
            text: [event.state, event.reason].filter(Boolean).join(': '),
          });
        } else if (event.type === 'log') append(logs, id, { time: event.time, level: event.level, text: event.text });
        else if (event.type === 'error')
          append(logs, id, {
            time: event.time,
            level: 'error',
            text: [event.message, event.hint].filter(Boolean).join(' '),
          });
        else if (event.type === 'artifact') {
          const { name, data } = event;
          set((s) => ({ artifacts: { ...s.artifacts, [id]: { ...s.artifacts[id], [name]: data } } }));
        }
      }
      if (changed.size > 0) schedule(publishProgress);
      schedule(bumpLog);
      if (state) void reload(id);
    };

    const follow = (id: JobId): void => {
      if (tails.has(id)) return;
      logs.set(id, []);
      tails.set(
        id,
        jobs.tail(id, (events) => take(id, events)),
      );
    };
    const unfollow = (id: JobId): void => {
      tails.get(id)?.();
      tails.delete(id);
      logs.delete(id);
    };

    /** Follows what the pane shows of the selected job; what it showed before is let go. */
    const showOutput = (): void => {
      const { selected, source } = get();
      const key = `${selected ?? ''} ${source}`;
      if (showing?.key === key) return;
      showing?.stop();
      showing = undefined;
      const lines: string[] = [];
      set({ output: lines });
      if (!selected || source === 'events') return;
      const add = (more: readonly string[]): void => {
        if (showing?.key !== key) return;
        lines.push(...more);
        if (lines.length > LOG_LINES_KEPT) lines.splice(0, lines.length - LOG_LINES_KEPT);
        schedule(bumpLog);
      };
      showing = { key, stop: () => undefined };
      if (source === 'ran') {
        jobs.ran(selected).then(
          (text) => add(text.split('\n')),
          (error: unknown) => add([toRagtuiError(error).message]),
        );
      } else showing = { key, stop: jobs.output(selected, source, add) };
    };

    /** A new job stands in the list and under the cursor. */
    const started = async (id: JobId): Promise<JobId> => {
      await get().refresh();
      get().select(id);
      return id;
    };

    const read = async (): Promise<void> => {
      try {
        const list = await jobs.list();
        const before = new Map((get().list ?? []).map((job) => [job.spec.id, job]));
        if (!same(list, get().list) || get().error) set({ list, error: null });
        for (const job of list) {
          const earlier = before.get(job.spec.id);
          if (earlier && !isOver(earlier.state) && isOver(job.state)) for (const listener of listeners) listener(job);
          if (!isOver(job.state)) follow(job.spec.id);
        }
        const known = new Set(list.map((job) => job.spec.id));
        for (const id of [...tails.keys()]) if (!known.has(id)) unfollow(id);
      } catch (error) {
        set({ error: toRagtuiError(error) });
      }
    };

    return {
      list: null,
      error: null,
      selected: null,
      logs,
      logVersion: 0,
      source: 'events',
      output: [],
      artifacts: {},
      stopping: {},
      refresh: async () => {
        // A change seen while a read is under way may have been missed by it: read once more.
        if (refreshing) {
          again = true;
          return refreshing;
        }
        refreshing = (async () => {
          do {
            again = false;
            await read();
          } while (again);
        })().finally(() => {
          refreshing = undefined;
        });
        return refreshing;
      },
      select: (id) => {
        set({ selected: id });
        follow(id);
        showOutput();
      },
      showSource: (source) => {
        set({ source });
        showOutput();
        bumpLog();
      },
      resume: async (id) => started(await jobs.resume(id)),
      retry: async (id) => started(await jobs.retry(id)),
      clone: async (id, changes) => started(await jobs.clone(id, changes)),
      note: async (id, text) => {
        await jobs.note(id, text);
        await reload(id);
      },
      tag: async (id, changes) => {
        await jobs.tag(id, changes);
        await reload(id);
      },
      deletion: (id, bases) => jobs.deletion(id, bases),
      launch: async (name, work) => {
        const id = await jobs.launch(name, work);
        await get().refresh();
        follow(id);
        return id;
      },
      stop: async (id) => {
        const tell = (step: StopStep): void =>
          set((state) => ({ stopping: { ...state.stopping, [id]: [...(state.stopping[id] ?? []), step] } }));
        set((state) => ({ stopping: { ...state.stopping, [id]: [] } }));
        try {
          await jobs.stop(id, tell);
        } finally {
          set((state) => {
            const { [id]: _ended, ...rest } = state.stopping;
            return { stopping: rest };
          });
          await reload(id);
        }
      },
      startNow: async (id) => {
        await jobs.startNow(id);
        await reload(id);
      },
      remove: async (id, bases) => {
        if (bases) await jobs.removeWithMade(id, bases);
        else await jobs.remove(id);
        unfollow(id);
        set((state) => ({ selected: state.selected === id ? null : state.selected }));
        showOutput();
        await get().refresh();
      },
      onEnd: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      open: () => {
        const unwatch = jobs.watch(() => void get().refresh());
        void get().refresh();
        // A job whose processes were killed says nothing any more: only looking tells.
        const look = setInterval(() => {
          if (get().list?.some(({ state }) => !isOver(state))) void get().refresh();
        }, LOOK_MS).unref();
        return () => {
          clearInterval(look);
          unwatch();
          showing?.stop();
          showing = undefined;
          for (const id of [...tails.keys()]) unfollow(id);
        };
      },
    };
  });
}

const same = (a: readonly JobView[], b: readonly JobView[] | null): boolean =>
  b !== null && JSON.stringify(a) === JSON.stringify(b);

function append(logs: Map<JobId, LogLine[]>, id: JobId, line: LogLine): void {
  const lines = logs.get(id);
  if (!lines) return;
  lines.push(line);
  if (lines.length > LOG_LINES_KEPT) lines.splice(0, lines.length - LOG_LINES_KEPT);
}
