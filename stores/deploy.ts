import { createStore } from 'zustand/vanilla';
import { isOver, type JobView } from '../src/jobs/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { Clock, Schedule } from './dependencies.ts';
import {
  type DeployForm,
  type DeployPort,
  type DeployState,
  type DeployStore,
  NEW_SERVER,
  requestOf,
  type SmokeChat,
  targetKey,
} from './deploy-types.ts';
import { createServerWatch } from './deploy-watch.ts';
import type { JobsStore } from './jobs.ts';
import type { ModelsStore } from './models.ts';
import { createRequestTally } from './request-tally.ts';
import type { TelemetryPort } from './telemetry.ts';

export interface DeployDependencies {
  readonly deploy: DeployPort;
  readonly telemetry: TelemetryPort;
  readonly jobs: JobsStore;
  readonly models: ModelsStore;
  readonly schedule: Schedule;
  readonly now: Clock;
}

/** Servers of ours and of others, what they do, and what is done with them. */
export function createDeployStore({ deploy, telemetry, jobs, models, schedule }: DeployDependencies): DeployStore {
  let planning: AbortController | undefined;
  let asking: AbortController | undefined;
  /** Somebody wanted to know what is served: from then on it follows the jobs. */
  let wanted = false;

  const watch = createServerWatch({
    telemetry,
    schedule,
    pids: () => runningPids(jobs.getState().list),
    onSample: (sample) => {
      store.setState({ sample });
      store.getState().refresh();
    },
    onBlind: (blind) => store.setState({ blind }),
  });

  const store = createStore<DeployState>()((set, get) => {
    const plan = async (form: DeployForm): Promise<void> => {
      planning?.abort();
      const request = requestOf(form);
      if (!request) {
        set({ plan: null, problem: null, planning: false });
        return;
      }
      const mine = new AbortController();
      planning = mine;
      set({ planning: true, problem: null });
      try {
        const found = await deploy.plan(request, mine.signal);
        if (!mine.signal.aborted) set({ plan: found, planning: false });
      } catch (error) {
        if (!mine.signal.aborted) set({ plan: null, problem: toRagtuiError(error), planning: false });
      }
    };

    const during = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      set({ busy: what });
      try {
        return await work();
      } finally {
        set({ busy: null });
        get().refresh();
      }
    };

    const publishChat = (): void => set((state) => ({ chatVersion: state.chatVersion + 1 }));

    return {
      servers: null,
      view: 'look',
      form: NEW_SERVER,
      plan: null,
      planning: false,
      problem: null,
      chat: null,
      chatVersion: 0,
      busy: null,
      sample: null,
      blind: null,
      history: watch.history,
      machine: watch.machine,
      tally: createRequestTally(),
      tests: [],
      hosts: [],
      adapters: () => deploy.adapters(),
      hasVllm: () => deploy.hasVllm(),
      refresh: () => {
        wanted = true;
        const { list } = jobs.getState();
        // Not read yet: nothing is known, which is not "no server".
        if (list === null) return;
        const servers = deploy.servers(list);
        if (JSON.stringify(servers) !== JSON.stringify(get().servers)) set({ servers });
        const tests = deploy.loadTests(list);
        if (JSON.stringify(tests) !== JSON.stringify(get().tests)) set({ tests });
      },
      open: () => {
        get().refresh();
        if (jobs.getState().list === null) void jobs.getState().refresh();
        set({ blind: null });
        watch.open();
      },
      leave: () => {
        const served =
          get().servers?.some(({ job }) => job.state === 'running') || models.getState().endpoints.length > 0;
        watch.leave(served);
      },
      setView: (view) => set(view === 'form' ? { view, hosts: deploy.hosts() } : { view }),
      configure: (change) => {
        const form = { ...get().form, ...change };
        set({ form });
        void plan(form);
      },
      start: async () => {
        const request = requestOf(get().form);
        if (!request) throw new RagtuiError('usage', 'No model is chosen.');
        const id = await deploy.start(request);
        await jobs.getState().refresh();
        jobs.getState().select(id);
        get().refresh();
        set({ view: 'look', form: { ...get().form, swap: null } });
        return id;
      },
      load: (server, adapter) => during(`load ${adapter}`, () => deploy.load(server, adapter)),
      roll: (server, name, to) => during(`${to} ${name}`, () => deploy.roll(server, name, to)),
      unload: (server, name) => during(`unload ${name}`, () => deploy.unload(server, name)),
      holding: (server) => during(`look ${server}`, () => deploy.holding(server)),
      takeMemory: (server) => during(`make room ${server}`, () => deploy.takeMemory(server)),
      wake: (server) => during(`wake ${server}`, () => deploy.wake(server)),
      ask: async (target, prompt) => {
        asking?.abort();
        const mine = new AbortController();
        asking = mine;
        const name = target.kind === 'own' ? target.model : target.endpoint.name;
        const chat: SmokeChat = { target, name, prompt, text: '', status: '', result: null, error: null };
        set((state) => ({ chat, chatVersion: state.chatVersion + 1 }));
        const put = (change: Partial<Pick<SmokeChat, 'status' | 'result' | 'error'>>): void => {
          const now = get().chat;
          if (asking === mine && now) {
            set((state) => ({ chat: { ...now, ...change }, chatVersion: state.chatVersion + 1 }));
          }
        };
        try {
          const result = await deploy.chat(target, prompt, {
            signal: mine.signal,
            onStatus: (status) => put({ status }),
            onText: (text) => {
              const now = get().chat;
              if (asking !== mine || !now) return;
              now.text += text;
              schedule(publishChat);
            },
          });
          get().tally.add(targetKey(target), name, result);
          put({ result, status: '' });
        } catch (error) {
          get().tally.failed(targetKey(target), name);
          put({ error: toRagtuiError(error), status: '' });
        }
      },
      cancelChat: () => asking?.abort(),
      asked: (name) => deploy.asked(name),
      beside: (name) => during(`deploy ${name}`, () => deploy.beside(name)),
      loadTest: async (test) => {
        const name = test.target.kind === 'name' ? test.target.name : test.target.model;
        const id = await jobs.getState().launch(`load test ${name}`, { kind: 'load-test', test });
        get().refresh();
        return id;
      },
      curl: (target) => deploy.curl(target),
      close: () => {
        planning?.abort();
        asking?.abort();
        watch.stop();
      },
    };
  });

  // Another window, a command or the job itself changed something.
  jobs.subscribe((state, before) => {
    if (state.list === before.list || !wanted) return;
    store.getState().refresh();
    if (String(runningPids(state.list)) !== String(runningPids(before.list))) watch.look();
  });
  return store;
}

/** The workers of jobs that run. */
const runningPids = (list: readonly JobView[] | null): number[] =>
  (list ?? []).flatMap(({ pid, state }) => (pid === null || isOver(state) ? [] : [pid]));
