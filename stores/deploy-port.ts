import { engineStatus } from '../src/engines/store.ts';
import { listHosts } from '../src/hosts/store.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../src/jobs/folder.ts';
import { readJob } from '../src/jobs/registry.ts';
import { isOver, type JobId, type JobView } from '../src/jobs/types.ts';
import { streamChat } from '../src/models/endpoint.ts';
import type { ChatEndpoint } from '../src/models/endpoint-url.ts';
import { listAdapters } from '../src/models/store.ts';
import { RagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { curlLine } from '../src/serving/curl-line.ts';
import { readLoadTest } from '../src/serving/load-test/store.ts';
import { openCounted } from '../src/serving/resolve.ts';
import { listServers, servedAs } from '../src/serving/servers.ts';
import { type ServeTask, serveTaskResultSchema } from '../src/serving/task.ts';
import { tuneAsked } from '../src/serving/tune-asked.ts';
import { childTask } from './child-task.ts';
import type { ChatTarget, DeployPort, OwnServer } from './deploy-types.ts';

/** Servers that ended are listed so long, and at most so many of them. */
const LATELY_MS = 12 * 3600_000;
const MOST_ENDED = 4;
const SMOKE_TOKENS = 256;
const MOST_TESTS = 20;

/** Servers of this machine: they are asked from this process, which only waits; what computes does so in a child. */
export function realDeploy(paths: WorkspacePaths, env: NodeJS.ProcessEnv = process.env): DeployPort {
  const endpointFile = (id: JobId) => readJsonFile(jobFiles(readJob(paths, id).folder).endpoint, endpointFileSchema);
  const running = (id: JobId) => {
    const found = endpointFile(id);
    if (found?.ready) return found;
    throw new RagtuiError('unavailable', `${id} does not answer.`, 'See its log.');
  };
  const change = async (work: ServeTask): Promise<number | null> => {
    const result = await childTask(paths, { task: 'serve', work }, serveTaskResultSchema);
    if (result.op !== 'changed') throw new RagtuiError('internal', 'The helper answered nonsense.', '');
    return result.version;
  };
  const open = async (target: ChatTarget): Promise<ChatEndpoint> => {
    if (target.kind === 'foreign') return openCounted(paths, target.endpoint, env);
    const { url, key } = running(target.job);
    const server = listServers(paths).find(({ job }) => job.spec.id === target.job);
    return { url, key, model: server ? servedAs(server, target.model) : target.model };
  };
  return {
    servers: (jobs) => [...listServers(paths, jobs), ...endedServers(jobs, Date.now())],
    loadTests: (jobs) =>
      jobs
        .filter(({ spec }) => spec.work.kind === 'load-test')
        .slice(0, MOST_TESTS)
        .flatMap((job) => readLoadTest(job) ?? []),
    adapters: () => listAdapters(paths),
    asked: (name) => tuneAsked(paths, name),
    hosts: () => listHosts(paths),
    hasVllm: () => engineStatus(paths, 'vllm').manifest !== null,
    plan: async (request, signal) => {
      const work = { op: 'plan', request } as const;
      const result = await childTask(paths, { task: 'serve', work }, serveTaskResultSchema, { signal });
      if (result.op !== 'plan') throw new RagtuiError('internal', 'The helper answered nonsense.', '');
      return result.plan;
    },
    start: async (request) => {
      const work = { op: 'start', request } as const;
      const result = await childTask(paths, { task: 'serve', work }, serveTaskResultSchema);
      if (result.op !== 'start') throw new RagtuiError('internal', 'The helper answered nonsense.', '');
      return result.job;
    },
    load: (server, adapter) => change({ op: 'load', server, adapter }),
    unload: (server, name) => change({ op: 'unload', server, name }),
    roll: (server, name, to) => change({ op: 'roll', server, name, to }),
    holding: async (server) => {
      const work = { op: 'holding', server } as const;
      const result = await childTask(paths, { task: 'serve', work }, serveTaskResultSchema);
      if (result.op !== 'holding') throw new RagtuiError('internal', 'The helper answered nonsense.', '');
      return result.holding;
    },
    takeMemory: async (server) => {
      await childTask(paths, { task: 'serve', work: { op: 'take', server } }, serveTaskResultSchema);
    },
    wake: async (server) => {
      await childTask(paths, { task: 'serve', work: { op: 'wake', server } }, serveTaskResultSchema);
    },
    beside: async (name) => {
      const work = { op: 'beside', name } as const;
      const result = await childTask(paths, { task: 'serve', work }, serveTaskResultSchema);
      if (result.op !== 'beside') throw new RagtuiError('internal', 'The helper answered nonsense.', '');
      return result;
    },
    chat: async (target, prompt, { signal, onStatus, onText }) =>
      streamChat(
        await open(target),
        {
          messages: [{ role: 'user', content: prompt }],
          sampling: { temperature: 0, seed: 1314, maxTokens: SMOKE_TOKENS },
          ...(target.kind === 'own' ? { strict: false } : {}),
        },
        { signal, onStatus, onDelta: ({ text, reasoning }) => onText(reasoning + text) },
      ),
    curl: (target) => {
      if (target.kind === 'foreign') return curlLine(target.endpoint);
      const { url } = running(target.job);
      const { folder, spec } = readJob(paths, target.job);
      const kind = spec.work.kind === 'serve' && spec.work.runner === 'pooling' ? 'embedding' : 'chat';
      const server = listServers(paths).find((one) => one.job.spec.id === target.job);
      const model = server ? servedAs(server, target.model) : target.model;
      return curlLine({ url, kind, model, keyFile: jobFiles(folder).endpoint });
    },
  };
}

/** Serve jobs that stop, and the newest of those that ended lately. Pure. */
function endedServers(jobs: readonly JobView[], now: number): OwnServer[] {
  let ended = 0;
  return jobs.flatMap((job) => {
    const { work } = job.spec;
    if (work.kind !== 'serve') return [];
    if (job.state === 'stopping') return [{ job, work, adapters: [] }];
    if (!isOver(job.state)) return [];
    const age = now - Date.parse(job.endedAt ?? job.spec.createdAt);
    if (age > LATELY_MS || ended >= MOST_ENDED) return [];
    ended += 1;
    return [{ job, work, adapters: [] }];
  });
}
