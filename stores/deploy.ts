import { createStore, type StoreApi } from 'zustand/vanilla';
import { isOver, type JobId, type JobView } from '../src/jobs/types.ts';
import type { ChatResult } from '../src/models/endpoint.ts';
import type { Adapter, Endpoint } from '../src/models/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { DeployedAdapter } from '../src/serving/adapters/types.ts';
import type { Holding } from '../src/serving/hand-over.ts';
import type { LoadTest, LoadTestResult } from '../src/serving/load-test/types.ts';
import type { ServerSample, TelemetrySample } from '../src/serving/metrics-types.ts';
import type { StartPlan, StartRequest } from '../src/serving/start-plan.ts';
import type { TuneAsked } from '../src/serving/tune-asked.ts';
import type { ServeEngine, ServeWork, VllmOptions } from '../src/serving/types.ts';
import type { Clock, Schedule } from './dependencies.ts';
import { createHistory, type History } from './history.ts';
import type { JobsStore } from './jobs.ts';
import type { ModelsStore } from './models.ts';
import { createRequestTally, type RequestTally } from './request-tally.ts';
import type { TelemetryPort, TelemetryWorker } from './telemetry.ts';

/** A server of ours: it starts, runs, stops, or ended lately. */
export interface OwnServer {
  readonly job: JobView;
  /** With the adapters it has now. */
  readonly work: ServeWork;
  /** With their versions and what was checked of them. */
  readonly adapters: readonly DeployedAdapter[];
  /** It gave a GPU's memory back and answers nothing until it is woken. */
  readonly asleep?: boolean;
}

/** Who is asked: a name on a server of ours, or an endpoint of the user's. */
export type ChatTarget =
  | { readonly kind: 'own'; readonly job: JobId; readonly model: string }
  | { readonly kind: 'foreign'; readonly endpoint: Endpoint };

export interface DeployPort {
  /** Those among all jobs, newest first; reads small files of theirs alone: it is called each second. */
  servers(jobs: readonly JobView[]): readonly OwnServer[];
  adapters(): readonly Adapter[];
  hasVllm(): boolean;
  plan(request: StartRequest, signal: AbortSignal): Promise<StartPlan>;
  start(request: StartRequest): Promise<JobId>;
  /** `NAME=PATH`, or `NAME` of the list of models, as its next version; gives the version its name means then. */
  load(server: JobId, adapter: string): Promise<number | null>;
  unload(server: JobId, name: string): Promise<number | null>;
  /** To the version before or after. */
  roll(server: JobId, name: string, to: 'back' | 'forward'): Promise<number | null>;
  /** What a server holds, and what taking it costs. */
  holding(server: JobId): Promise<Holding>;
  /** It sleeps, or is stopped. */
  takeMemory(server: JobId): Promise<void>;
  wake(server: JobId): Promise<void>;
  /** How a tune and its base are asked so that the model is all that differs; undefined for what is no tune. Quick. */
  asked(name: string): TuneAsked | undefined;
  /** Serves a tune beside its base on one engine; resolves when both answer. */
  beside(name: string): Promise<{ readonly base: string; readonly engine: ServeEngine }>;
  /** Load tests with what they measured so far, newest first; reads small files. */
  loadTests(jobs: readonly JobView[]): readonly LoadTestResult[];
  /** One prompt, streamed. Errors: those of `streamChat`. */
  chat(
    target: ChatTarget,
    prompt: string,
    options: {
      readonly signal: AbortSignal;
      readonly onStatus: (text: string) => void;
      readonly onText: (text: string) => void;
    },
  ): Promise<ChatResult>;
  /** A line for a shell that asks it, without its key. Errors: `unavailable` while it does not run. */
  curl(target: ChatTarget): string;
}

/** What is filled in for a new server. */
export interface DeployForm {
  readonly model: string | null;
  readonly adapters: readonly string[];
  /** Null = vLLM where it is installed for a GPU, else the embedded server. */
  readonly engine: ServeEngine | null;
  readonly contextTokens: number | null;
  readonly kvCacheGiB: number | null;
  /** What only vLLM is told. */
  readonly vllm: VllmOptions;
  /** A server that is stopped first. */
  readonly swap: JobId | null;
}

/** One prompt to a served model. `text` grows outside React: `chatVersion` says when to look again. */
export interface SmokeChat {
  readonly target: ChatTarget;
  readonly name: string;
  readonly prompt: string;
  text: string;
  readonly status: string;
  readonly result: ChatResult | null;
  readonly error: RagtuiError | null;
}

export const HISTORY_FIELDS = [
  'running',
  'waiting',
  'promptRate',
  'generationRate',
  'firstTokenMs',
  'gapMs',
  'kvCache',
  'prefixHits',
] as const;
export type HistoryField = (typeof HISTORY_FIELDS)[number];
export type MachineField = 'cpu' | 'memory' | `gpu ${number}` | `gpu memory ${number}`;

/** Fifteen minutes. */
export const SLOT_MS = 5000;
export const SLOTS = 180;
/** While the screen is open, and while only the history goes on. */
const LOOK_MS = 1000;
const KEEP_MS = SLOT_MS;
const MOST_RESTARTS = 3;

export interface DeployState {
  readonly servers: readonly OwnServer[] | null;
  readonly view: 'look' | 'form';
  readonly form: DeployForm;
  readonly plan: StartPlan | null;
  readonly planning: boolean;
  /** Why there is no plan. */
  readonly problem: RagtuiError | null;
  readonly chat: SmokeChat | null;
  readonly chatVersion: number;
  /** What is being done to a server: `load sft-1`, `unload sft-1`. */
  readonly busy: string | null;
  readonly sample: TelemetrySample | null;
  /** Why nothing is looked at any more. */
  readonly blind: string | null;
  /** By job id or address; outside React, `sample` says when to look again. */
  readonly history: ReadonlyMap<string, History<HistoryField>>;
  readonly machine: History<MachineField>;
  /** Our own requests, by server and the name that was asked. */
  readonly tally: RequestTally;
  /** Newest first. */
  readonly tests: readonly LoadTestResult[];
  adapters(): readonly Adapter[];
  hasVllm(): boolean;
  /** Reads again what is served. */
  refresh(): void;
  /** The screen is open: servers are looked at each second. */
  open(): void;
  /** The screen is left: the history goes on, more slowly, while something is served. */
  leave(): void;
  setView(view: DeployState['view']): void;
  configure(change: Partial<DeployForm>): void;
  /** Starts what the form says. */
  start(): Promise<JobId>;
  load(server: JobId, adapter: string): Promise<number | null>;
  unload(server: JobId, name: string): Promise<number | null>;
  roll(server: JobId, name: string, to: 'back' | 'forward'): Promise<number | null>;
  ask(target: ChatTarget, prompt: string): Promise<void>;
  cancelChat(): void;
  holding(server: JobId): Promise<Holding>;
  takeMemory(server: JobId): Promise<void>;
  wake(server: JobId): Promise<void>;
  asked(name: string): TuneAsked | undefined;
  beside(name: string): Promise<{ readonly base: string; readonly engine: ServeEngine }>;
  /** Asks a server with more and more requests at a time, in a process of its own. */
  loadTest(test: LoadTest): Promise<JobId>;
  curl(target: ChatTarget): string;
  close(): void;
}
export type DeployStore = StoreApi<DeployState>;

export interface DeployDependencies {
  readonly deploy: DeployPort;
  readonly telemetry: TelemetryPort;
  readonly jobs: JobsStore;
  readonly models: ModelsStore;
  readonly schedule: Schedule;
  readonly now: Clock;
}

export const NEW_SERVER: DeployForm = {
  model: null,
  adapters: [],
  engine: null,
  contextTokens: null,
  kvCacheGiB: null,
  vllm: {},
  swap: null,
};

/** Servers of ours and of others, what they do, and what is done with them. */
export function createDeployStore({ deploy, telemetry, jobs, models, schedule }: DeployDependencies): DeployStore {
  let planning: AbortController | undefined;
  let asking: AbortController | undefined;
  let worker: TelemetryWorker | null = null;
  let everyMs = 0;
  let restarts = 0;
  /** Somebody wanted to know what is served: from then on it follows the jobs. */
  let wanted = false;
  let lookAgain = (): void => undefined;
  const history = new Map<string, History<HistoryField>>();
  const machine = createHistory<MachineField>(SLOT_MS, SLOTS);

  const store = createStore<DeployState>()((set, get) => {
    /** With the workers of all jobs: a GPU may be a training's. */
    const look = (): void => {
      const pids = (jobs.getState().list ?? []).flatMap(({ pid, state }) =>
        pid === null || isOver(state) ? [] : [pid],
      );
      worker?.watch({ type: 'watch', llms: [], pids, all: true, everyMs });
    };
    lookAgain = look;
    const startWorker = (): void => {
      const started = telemetry.start({
        onSample: (sample) => {
          if (worker !== started) return;
          remember(history, machine, sample);
          schedule(() => {
            if (worker !== started) return;
            set({ sample });
            get().refresh();
          });
        },
        onEnd: (reason) => {
          if (worker !== started) return;
          worker = null;
          restarts += 1;
          if (restarts <= MOST_RESTARTS && everyMs > 0) startWorker();
          else set({ blind: reason });
        },
      });
      worker = started;
      look();
    };
    const stopWorker = (): void => {
      worker?.stop();
      worker = null;
      everyMs = 0;
    };

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
      history,
      machine,
      tally: createRequestTally(),
      tests: [],
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
        everyMs = LOOK_MS;
        restarts = 0;
        set({ blind: null });
        if (worker) look();
        else startWorker();
      },
      leave: () => {
        const served =
          get().servers?.some(({ job }) => job.state === 'running') || models.getState().endpoints.length > 0;
        if (!served) stopWorker();
        else {
          everyMs = KEEP_MS;
          look();
        }
      },
      setView: (view) => set({ view }),
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
        stopWorker();
      },
    };
  });

  // Another window, a command or the job itself changed something.
  jobs.subscribe((state, before) => {
    if (state.list === before.list || !wanted) return;
    store.getState().refresh();
    if (pidsOf(state.list) !== pidsOf(before.list)) lookAgain();
  });
  return store;
}

/** The workers of jobs that run, as one text. */
const pidsOf = (list: readonly JobView[] | null): string =>
  (list ?? []).flatMap(({ pid, state }) => (isOver(state) ? [] : [pid])).join(' ');

/** What a server is known by: its job, or its address. */
export const targetKey = (target: ChatTarget): string =>
  target.kind === 'own' ? target.job : addressOf(target.endpoint.url);
export const sampleKey = ({ job, url }: Pick<ServerSample, 'job' | 'url'>): string => job ?? url;

/** An endpoint's URL as samples have it: no user, password, query or slash at its end. */
export function addressOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/$/, '')}`;
}

/** The form as a request; undefined while no model is chosen. */
export function requestOf(form: DeployForm): StartRequest | undefined {
  const { model, adapters, engine, contextTokens, kvCacheGiB, vllm, swap } = form;
  if (model === null) return undefined;
  return {
    model,
    adapters: [...adapters],
    ...(engine === null ? {} : { engine }),
    ...(contextTokens === null ? {} : { contextTokens }),
    ...(kvCacheGiB === null ? {} : { kvCacheGiB }),
    ...(Object.keys(vllm).length === 0 ? {} : { vllm }),
    ...(swap === null ? {} : { swap }),
  };
}

function remember(
  history: Map<string, History<HistoryField>>,
  machine: History<MachineField>,
  sample: TelemetrySample,
): void {
  const { at, servers, gpus } = sample;
  const { cpu, memoryTotal, memoryAvailable } = sample.machine;
  const cards = gpus.state === 'ok' ? gpus.gpus : [];
  machine.add(at, {
    cpu,
    memory: memoryTotal && memoryAvailable !== null ? (memoryTotal - memoryAvailable) / memoryTotal : null,
    ...Object.fromEntries(
      cards.flatMap(({ index, busy, memoryUsed, memoryTotal: total }) => [
        [`gpu ${index}`, busy],
        [`gpu memory ${index}`, memoryUsed !== null && total ? memoryUsed / total : null],
      ]),
    ),
  });
  for (const server of servers) {
    const { figures } = server;
    if (!figures) continue;
    const key = sampleKey(server);
    const known = history.get(key) ?? createHistory<HistoryField>(SLOT_MS, SLOTS);
    history.set(key, known);
    known.add(at, {
      running: figures.running,
      waiting: figures.waiting,
      promptRate: figures.promptRate,
      generationRate: figures.generationRate,
      firstTokenMs: figures.firstTokenMs?.p50 ?? null,
      gapMs: figures.gapMs?.p50 ?? null,
      kvCache: figures.kvCache,
      prefixHits: figures.prefixHits,
    });
  }
}
