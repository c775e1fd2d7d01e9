import type { Deletion } from '../../src/jobs/made.ts';
import { changedTags } from '../../src/jobs/notes.ts';
import type { JobEvent, JobId, JobView, JobWork } from '../../src/jobs/types.ts';
import { jobSpecSchema } from '../../src/jobs/types.ts';
import type { KbClient, Method, Params, Result } from '../../src/kb/protocol.ts';
import { methods } from '../../src/kb/protocol.ts';
import type { DocumentSummary, Hit, KnowledgeBase, SearchResult } from '../../src/kb/types.ts';
import { CATALOGUE } from '../../src/models/catalogue.ts';
import type { EndpointHealth, ServerModel, Trial } from '../../src/models/endpoint-check.ts';
import type { Endpoint, ModelStatus } from '../../src/models/types.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import { type Answer, type AnswerEvent, answerSchema, pipelineSchema } from '../../src/rag/types.ts';
import type { AskPort, JobsPort, ModelsPort } from '../../stores/dependencies.ts';
import type { ServersPort } from '../../stores/endpoints.ts';

/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets every promise that is ready go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A scheduler that publishes when told to. */
export function manualSchedule() {
  const waiting = new Set<() => void>();
  return {
    schedule: (publish: () => void): void => void waiting.add(publish),
    flush: (): void => {
      const all = [...waiting];
      waiting.clear();
      for (const publish of all) publish();
    },
    get size() {
      return waiting.size;
    },
  };
}

/** Publishes at once. */
export const immediately = (publish: () => void): void => publish();

type Handlers = { readonly [M in Method]?: (params: Params<M>) => Result<M> | Promise<Result<M>> };

/** A kb client that answers from `handlers`, checked against the protocol's own schemas. */
export function fakeKb(handlers: Handlers) {
  const restarts = new Set<() => void>();
  const calls: { readonly method: Method; readonly params: unknown }[] = [];
  const client: KbClient = {
    call: async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
      calls.push({ method, params });
      methods[method].params.parse(params);
      const handler: ((params: Params<M>) => Result<M> | Promise<Result<M>>) | undefined = handlers[method];
      if (!handler) throw new RagtuiError('unsupported', `the fake knows no ${method}`);
      return handler(params);
    },
    close: async () => undefined,
    onRestart: (listener) => {
      restarts.add(listener);
      return () => restarts.delete(listener);
    },
  };
  return {
    client,
    calls,
    restart: (): void => {
      for (const listener of restarts) listener();
    },
  };
}

export function knowledgeBase(name: string, change: Partial<KnowledgeBase> = {}): KnowledgeBase {
  return {
    name,
    createdAt: '2026-11-23T06:00:00.000Z',
    documents: 2,
    failed: 0,
    chunks: 7,
    groups: [{ name: 'sentence', splitter: 'sentence', maxChars: 400 }],
    embedders: ['bge-small-zh-v1.5-int8'],
    indexes: [
      { group: 'sentence', embedder: 'bge-small-zh-v1.5-int8', vectors: 7, missing: 0, search: 'exact', active: true },
    ],
    sources: ['/docs'],
    ingesting: null,
    previous: null,
    ...change,
  };
}

export function documentSummary(id: number, name: string, change: Partial<DocumentSummary> = {}): DocumentSummary {
  return {
    id,
    name,
    title: name,
    state: 'live',
    chunks: 3,
    characters: 900,
    error: null,
    updatedAt: '2026-11-23T06:00:00.000Z',
    ...change,
  };
}

export function hit(rank: number, text: string, change: Partial<Hit> = {}): Hit {
  return {
    rank,
    text,
    document: '/docs/tea.md',
    title: 'Tea',
    start: 0,
    end: text.length,
    score: 0.03,
    scoreKind: 'rrf',
    documentId: 1,
    chunkId: rank,
    arms: {},
    ...change,
  };
}

export function searchResult(hits: readonly Hit[], change: Partial<SearchResult> = {}): SearchResult {
  return {
    hits: [...hits],
    embedder: 'bge-small-zh-v1.5-int8',
    group: 'sentence',
    mode: 'hybrid',
    search: 'exact',
    timing: { embeddingMs: 12, retrievalMs: 0.8, rerankMs: 0 },
    relevant: hits.length > 0,
    ...change,
  };
}

export function answer(question: string, text: string, change: Partial<Answer> = {}): Answer {
  return answerSchema.parse({
    question,
    answer: text,
    finish: 'stop',
    pipeline: pipelineSchema.parse({ kb: 'tea', llm: 'smollm2-135m-instruct' }),
    hits: [],
    relevant: true,
    messages: [{ role: 'user', content: question }],
    usage: { promptTokens: 100, completionTokens: 9 },
    timing: { embeddingMs: 12, retrievalMs: 0.8, firstTokenMs: 300, totalMs: 900, tokensPerSecond: 15 },
    models: { llm: 'smollm2-135m-instruct', embedder: 'bge-small-zh-v1.5-int8' },
    ...change,
  });
}

/** An answer engine whose events are pushed by the test. */
export function fakeAsk() {
  const questions: {
    readonly input: Parameters<AskPort['ask']>[0];
    readonly push: (event: AnswerEvent) => void;
    readonly fail: (error: unknown) => void;
    readonly end: () => void;
  }[] = [];
  const port: AskPort = {
    ask: (input) => {
      const queue: (AnswerEvent | { readonly type: 'fail'; readonly error: unknown } | { readonly type: 'end' })[] = [];
      let wake: () => void = () => undefined;
      const put = (item: (typeof queue)[number]): void => {
        queue.push(item);
        wake();
      };
      questions.push({
        input,
        push: put,
        fail: (error) => put({ type: 'fail', error }),
        end: () => put({ type: 'end' }),
      });
      return (async function* () {
        for (;;) {
          const next = queue.shift();
          if (!next) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
            continue;
          }
          if (next.type === 'end') return;
          if (next.type === 'fail') throw next.error;
          yield next;
        }
      })();
    },
  };
  return { port, questions };
}

let jobNumber = 0;
export function jobView(work: JobWork, change: Partial<JobView> = {}): JobView {
  const number = (++jobNumber).toString(16).padStart(4, '0');
  const spec = jobSpecSchema.parse({
    version: 1,
    id: `20261123-061530-${work.kind}-${number}`,
    name: `${work.kind} ${number}`,
    createdAt: '2026-11-23T06:15:30.000Z',
    work,
  });
  return {
    spec,
    folder: `/jobs/${spec.id}`,
    state: 'running',
    reason: '',
    progress: null,
    error: null,
    startedAt: '2026-11-23T06:15:31.000Z',
    endedAt: null,
    pid: 4711,
    startedUptime: null,
    seconds: null,
    heartbeat: null,
    note: '',
    tags: [],
    orphans: [],
    gpus: [],
    endpoint: null,
    ...change,
  };
}

export const ingestWork = (kb: string): JobWork => ({
  kind: 'ingest',
  kb,
  roots: ['/docs'],
  groups: [{ name: 'sentence', splitter: 'sentence', maxChars: 400 }],
  embedders: ['bge-small-zh-v1.5-int8'],
  watch: false,
  prune: false,
});

/** A jobs folder in memory. `emit` plays what a worker writes; `put` changes a job and rings the watch. */
export function fakeJobs(initial: readonly JobView[] = []) {
  const jobs = new Map(initial.map((job) => [job.spec.id, job]));
  const tails = new Map<JobId, Set<(events: readonly JobEvent[]) => void>>();
  const watchers = new Set<() => void>();
  const launched: JobWork[] = [];
  const clones: (readonly string[])[] = [];
  const removedWithMade: JobId[] = [];
  const deletions = new Map<JobId, Deletion>();
  const outputs = new Map<string, (lines: readonly string[]) => void>();
  let seq = 0;
  const port: JobsPort = {
    list: async () => [...jobs.values()].reverse(),
    view: async (id) => {
      const job = jobs.get(id);
      if (!job) throw new RagtuiError('not-found', `There is no job ${id}.`);
      return job;
    },
    launch: async (_name, work) => {
      launched.push(work);
      const job = jobView(work);
      jobs.set(job.spec.id, job);
      return job.spec.id;
    },
    tail: (id, listener) => {
      const set = tails.get(id) ?? new Set();
      tails.set(id, set);
      set.add(listener);
      return () => set.delete(listener);
    },
    watch: (listener) => {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    stop: async (id, onStep) => {
      onStep({ step: 'ask', graceSeconds: 15 });
      const job = jobs.get(id);
      if (job) jobs.set(id, { ...job, state: 'stopped' });
    },
    startNow: async (id) => {
      const job = jobs.get(id);
      if (job) jobs.set(id, { ...job, state: 'starting', reason: '' });
    },
    resume: async (id) => again(id),
    retry: async (id) => again(id),
    clone: async (id, changes) => {
      clones.push(changes);
      return again(id);
    },
    note: async (id, note) => change(id, { note }),
    tag: async (id, changes) => change(id, { tags: changedTags(jobs.get(id)?.tags ?? [], changes) }),
    remove: async (id) => {
      jobs.delete(id);
    },
    deletion: async (id) => {
      const deletion = deletions.get(id);
      const logs = { folder: `/jobs/${id}`, bytes: 2_000_000 };
      return deletion ?? { job: id, logs, made: null, usedBy: [], stays: null };
    },
    removeWithMade: async (id) => {
      removedWithMade.push(id);
      jobs.delete(id);
    },
    output: (id, name, listener) => {
      const key = `${id} ${name}`;
      outputs.set(key, listener);
      return () => void outputs.delete(key);
    },
    ran: async (id) => `what ${id} ran\nrank: 8`,
  };
  const again = (id: JobId): JobId => {
    const before = jobs.get(id);
    if (!before) throw new RagtuiError('not-found', `There is no job ${id}.`);
    const job = jobView(before.spec.work);
    launched.push(before.spec.work);
    jobs.set(job.spec.id, job);
    return job.spec.id;
  };
  const change = (id: JobId, now: Partial<JobView>): void => {
    const job = jobs.get(id);
    if (job) jobs.set(id, { ...job, ...now });
  };
  const emit = (id: JobId, event: EventBody): void => {
    const full: JobEvent = { seq: seq++, time: '2026-11-23T06:15:32.000Z', writer: 'worker', ...event };
    for (const listener of tails.get(id) ?? []) listener([full]);
  };
  return {
    port,
    launched,
    clones,
    removedWithMade,
    deletions,
    /** Those that are listened to, by job and name: `ID stdout`. */
    outputs,
    emit,
    tailed: (id: JobId): number => tails.get(id)?.size ?? 0,
    all: (): JobView[] => [...jobs.values()].reverse(),
    /** Its processes are gone; nobody is told. */
    lose: (id: JobId): void => {
      const job = jobs.get(id);
      if (job) jobs.set(id, { ...job, state: 'lost', reason: 'its processes are gone' });
    },
    put: (job: JobView): void => {
      jobs.set(job.spec.id, job);
      for (const watcher of watchers) watcher();
    },
    /** The job ends: its state, then the event of it. */
    end: (id: JobId, state: 'succeeded' | 'failed' | 'stopped', change: Partial<JobView> = {}): void => {
      const job = jobs.get(id);
      if (job) jobs.set(id, { ...job, state, ...change });
      emit(id, { type: 'state', state, reason: '' });
    },
  };
}

type Without<T> = T extends unknown ? Omit<T, 'seq' | 'time' | 'writer'> : never;
type EventBody = Without<JobEvent>;

export function modelStatus(id: string, state: ModelStatus['state']): ModelStatus {
  const entry = CATALOGUE.find((each) => each.id === id);
  if (!entry) throw new Error(`no ${id} in the catalogue`);
  const bytesTotal = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  return { entry, state, folder: `/models/${id}`, bytesTotal, bytesPresent: state === 'present' ? bytesTotal : 0 };
}

/** Servers that answer as a test says. */
export function fakeServers() {
  const saved: Endpoint[] = [];
  const keys = new Map<string, string | undefined>();
  const asked: { readonly what: string; readonly endpoint: Endpoint; readonly key: string | undefined }[] = [];
  const world: {
    models: () => Promise<readonly ServerModel[]>;
    trial: (onStatus: (text: string) => void) => Promise<Trial>;
    health: EndpointHealth;
    variables: readonly string[];
  } = {
    models: async () => [],
    trial: async () => ({ text: 'Hello', dimension: null, firstTokenMs: 90, totalMs: 120, usage: null, cost: null }),
    health: { state: 'ok', latencyMs: 12, models: [], error: null },
    variables: [],
  };
  const port: ServersPort = {
    keyState: async ({ name, keyEnv, keyStore }) => {
      if (keyEnv) return world.variables.includes(keyEnv) ? 'set' : 'missing';
      return keyStore ? (keys.get(name) ? 'set' : 'missing') : 'none';
    },
    hasVariable: (name) => world.variables.includes(name),
    models: async (endpoint, key) => {
      asked.push({ what: 'models', endpoint, key });
      return world.models();
    },
    check: async (endpoint) => {
      asked.push({ what: 'check', endpoint, key: undefined });
      return world.health;
    },
    try: async (endpoint, key, { onStatus }) => {
      asked.push({ what: 'try', endpoint, key });
      return world.trial(onStatus);
    },
    save: async (endpoint, key, isNew) => {
      const at = saved.findIndex(({ name }) => name === endpoint.name);
      if (isNew && at >= 0) throw new RagtuiError('exists', `There is a model "${endpoint.name}" already.`);
      saved.splice(at < 0 ? saved.length : at, 1, endpoint);
      if (key !== undefined) keys.set(endpoint.name, key);
    },
    remove: async (name) => {
      saved.splice(
        saved.findIndex((one) => one.name === name),
        1,
      );
    },
  };
  return { port, saved, keys, asked, world };
}

/** Models whose pulls the test drives. */
export function fakeModels(present: readonly string[] = []) {
  const here = new Set(present);
  const servers = fakeServers();
  const pulls = new Map<
    string,
    { readonly options: Parameters<ModelsPort['pull']>[1]; readonly done: Deferred<void> }
  >();
  const port: ModelsPort = {
    list: async () => CATALOGUE.map((entry) => modelStatus(entry.id, here.has(entry.id) ? 'present' : 'absent')),
    pull: (id, options) => {
      const done = deferred<void>();
      pulls.set(id, { options, done });
      options.signal.addEventListener('abort', () => done.reject(new RagtuiError('cancelled', 'cancelled')));
      return done.promise.then(() => void here.add(id));
    },
    verify: async (id) => modelStatus(id, here.has(id) ? 'present' : 'absent'),
    remove: async (id) => void here.delete(id),
    endpoints: async () => [...servers.saved],
    servers: servers.port,
  };
  return { port, pulls, servers };
}
