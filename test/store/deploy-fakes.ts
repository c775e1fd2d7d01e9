import type { Host } from '../../src/hosts/types.ts';
import type { JobId } from '../../src/jobs/types.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import type { ChatResult } from '../../src/models/endpoint.ts';
import type { Adapter } from '../../src/models/types.ts';
import type { DeployedAdapter } from '../../src/serving/adapters/types.ts';
import type { LoadTestResult } from '../../src/serving/load-test/types.ts';
import type { StartPlan, StartRequest } from '../../src/serving/start-plan.ts';
import type { TuneAsked } from '../../src/serving/tune-asked.ts';
import type { ServeWork } from '../../src/serving/types.ts';
import type { ChatTarget, DeployPort } from '../../stores/deploy-types.ts';
import { type Deferred, deferred } from './fakes.ts';

export const serveWork = (model: string, change: Partial<ServeWork> = {}): ServeWork => ({
  engine: 'llama',
  model,
  contextTokens: 4096,
  idleMinutes: 0,
  adapters: [],
  kvCacheGiB: 1,
  ...change,
});

export const adapterOf = (name: string, base: string): Adapter => ({
  name,
  base,
  path: `/adapters/${name}`,
  basePath: `/models/${base}-hf`,
  rank: 8,
  alpha: 16,
  template: 'smollm2',
  templateSystem: '',
  sha256: 'a'.repeat(64),
  createdAt: '2026-11-23T06:00:00.000Z',
  lineage: {},
});

/** An adapter of so many versions, the last of them current. */
export const deployedAdapter = (
  name: string,
  count: number,
  change: Partial<DeployedAdapter['versions'][number]> = {},
): DeployedAdapter => ({
  name,
  current: count,
  versions: Array.from({ length: count }, (_, i) => ({
    version: i + 1,
    served: `${name}.v${i + 1}`,
    path: `/jobs/adapters/${name}.v${i + 1}`,
    source: `/adapters/${name}`,
    sha256: null,
    rank: 8,
    state: 'loaded',
    loadedAt: '2026-11-23T06:16:00.000Z',
    effect: null,
    template: null,
    ...(i + 1 === count ? change : {}),
  })),
});

export const chatResult = (text: string): ChatResult => ({
  text,
  reasoning: '',
  finish: 'stop',
  usage: { promptTokens: 12, completionTokens: 5 },
  pieces: 5,
  firstTokenMs: 120,
  totalMs: 300,
  tokensPerSecond: 27.8,
  stream: { atMs: [120, 160, 200, 240, 300], chars: [1, 1, 1, 1, 1] },
  retries: 0,
  notSent: [],
});

/** Servers in memory, as the jobs of the world have them; what is asked of them is answered by the test. */
export function fakeDeploy(
  jobs: () => readonly JobView[],
  adapters: readonly Adapter[] = [],
  hosts: readonly Host[] = [],
) {
  const riding = new Map<string, readonly DeployedAdapter[]>();
  const ridingOn = (id: string): readonly DeployedAdapter[] => {
    const job = jobs().find(({ spec }) => spec.id === id);
    const work = job?.spec.work;
    const own = work?.kind === 'serve' ? work.adapters.map(({ name }) => deployedAdapter(name, 1)) : [];
    return riding.get(id) ?? own;
  };
  const chats: {
    readonly target: ChatTarget;
    readonly prompt: string;
    readonly onText: (text: string) => void;
    readonly signal: AbortSignal;
    readonly end: Deferred<ChatResult>;
  }[] = [];
  const started: StartRequest[] = [];
  /** How tunes are asked, by name. */
  const tunes = new Map<string, TuneAsked>();
  const sleeps = { can: true, asleep: new Set<JobId>() };
  const tests: LoadTestResult[] = [];
  const planOf = (request: StartRequest): StartPlan => ({
    work: serveWork(request.model, {
      engine: request.engine ?? (request.launcher === undefined ? 'llama' : 'vllm'),
      ...(request.launcher === undefined ? {} : { launcher: request.launcher }),
      contextTokens: request.contextTokens ?? 4096,
      adapters: request.adapters.map((name) => ({ name, path: `/adapters/${name}` })),
    }),
    command: request.engine === 'vllm' ? 'python -m vllm.entrypoints.openai.api_server --model base' : null,
    device: request.engine === 'vllm' ? 'gpu' : 'memory',
    parts: [
      { what: 'weights', bytes: 100e6 },
      { what: 'context', bytes: 500e6 },
    ],
    freeBytes: 3.1e9,
  });
  const port: { -readonly [K in keyof DeployPort]: DeployPort[K] } = {
    servers: () =>
      jobs().flatMap((job) => {
        const { work } = job.spec;
        if (work.kind !== 'serve') return [];
        return [
          {
            job,
            work,
            adapters: isOver(job.state) ? [] : ridingOn(job.spec.id),
            asleep: sleeps.asleep.has(job.spec.id),
          },
        ];
      }),
    loadTests: () => tests,
    adapters: () => adapters,
    hasVllm: () => false,
    hosts: () => hosts,
    plan: async (request) => planOf(request),
    start: async (request) => {
      started.push(request);
      return jobs()[0]?.spec.id ?? ('20261123-061530-serve-0000' as JobId);
    },
    load: async (server, adapter) => {
      const name = adapter.split('=')[0] ?? adapter;
      const known = ridingOn(server);
      const there = known.find((one) => one.name === name);
      const version = (there?.versions.length ?? 0) + 1;
      const added = deployedAdapter(name, version);
      riding.set(server, [...known.filter((one) => one.name !== name), added]);
      return version;
    },
    unload: async (server, name) => {
      riding.set(
        server,
        ridingOn(server).filter((one) => one.name !== name),
      );
      return null;
    },
    roll: async (server, name, to) => {
      const step = to === 'back' ? -1 : 1;
      const list = ridingOn(server).map((one) => (one.name === name ? { ...one, current: one.current + step } : one));
      riding.set(server, list);
      return list.find((one) => one.name === name)?.current ?? null;
    },
    holding: async (server) => {
      const work = jobs().find(({ spec }) => spec.id === server)?.spec.work;
      const model = work?.kind === 'serve' ? work.model : '?';
      return {
        job: server,
        model,
        adapters: [],
        engine: 'vllm',
        device: 'gpu',
        bytes: 20e9,
        how: sleeps.can ? 'sleep' : 'stop',
        startSeconds: 122,
      };
    },
    takeMemory: async (server) => void sleeps.asleep.add(server),
    wake: async (server) => void sleeps.asleep.delete(server),
    asked: (name) => tunes.get(name),
    beside: async (name) => {
      const adapter = adapters.find((one) => one.name === name);
      if (!adapter) throw new Error(`no adapter ${name}`);
      return { base: adapter.base, engine: 'vllm' };
    },
    chat: (target, prompt, { onText, signal }) => {
      const end = deferred<ChatResult>();
      chats.push({ target, prompt, onText, signal, end });
      return end.promise;
    },
    curl: (target) => `curl ${target.kind === 'own' ? target.model : target.endpoint.name}`,
  };
  return { port, chats, started, tunes, riding, tests, sleeps };
}
