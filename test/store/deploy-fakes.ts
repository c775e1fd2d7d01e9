import type { JobId } from '../../src/jobs/types.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import type { ChatResult } from '../../src/models/endpoint.ts';
import type { Adapter } from '../../src/models/types.ts';
import type { LoadTestResult } from '../../src/serving/load-test/types.ts';
import type { StartPlan, StartRequest } from '../../src/serving/start-plan.ts';
import type { ServeWork } from '../../src/serving/types.ts';
import type { ChatTarget, DeployPort } from '../../stores/deploy.ts';
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
export function fakeDeploy(jobs: () => readonly JobView[], adapters: readonly Adapter[] = []) {
  const riding = new Map<string, ServeWork['adapters']>();
  const chats: {
    readonly target: ChatTarget;
    readonly prompt: string;
    readonly onText: (text: string) => void;
    readonly signal: AbortSignal;
    readonly end: Deferred<ChatResult>;
  }[] = [];
  const started: StartRequest[] = [];
  const tests: LoadTestResult[] = [];
  const planOf = (request: StartRequest): StartPlan => ({
    work: serveWork(request.model, {
      engine: request.engine ?? 'llama',
      contextTokens: request.contextTokens ?? 4096,
      adapters: request.adapters.map((name) => ({ name, path: `/adapters/${name}` })),
    }),
    command: request.engine === 'vllm' ? 'python -m vllm.entrypoints.openai.api_server --model base' : null,
    device: 'memory',
    parts: [
      { what: 'weights', bytes: 100e6 },
      { what: 'context', bytes: 500e6 },
    ],
    freeBytes: 3.1e9,
  });
  const port: DeployPort = {
    servers: () =>
      jobs().flatMap((job) => {
        const { work } = job.spec;
        if (work.kind !== 'serve') return [];
        return [
          { job, work: isOver(job.state) ? work : { ...work, adapters: riding.get(job.spec.id) ?? work.adapters } },
        ];
      }),
    loadTests: () => tests,
    adapters: () => adapters,
    hasVllm: () => false,
    plan: async (request) => planOf(request),
    start: async (request) => {
      started.push(request);
      return jobs()[0]?.spec.id ?? ('20261123-061530-serve-0000' as JobId);
    },
    load: async (server, adapter) => void riding.set(server, [...(riding.get(server) ?? []), adapter]),
    unload: async (server, name) =>
      void riding.set(
        server,
        (riding.get(server) ?? []).filter((one) => one.name !== name),
      ),
    chat: (target, prompt, { onText, signal }) => {
      const end = deferred<ChatResult>();
      chats.push({ target, prompt, onText, signal, end });
      return end.promise;
    },
    curl: (target) => `curl ${target.kind === 'own' ? target.model : target.endpoint.name}`,
  };
  return { port, chats, started, riding, tests };
}
