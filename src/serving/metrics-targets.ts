import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { openEndpoint } from '../models/endpoint-open.ts';
import type { ChatEndpoint } from '../models/endpoint-url.ts';
import { endpointServers, shownUrl } from '../models/endpoint-url.ts';
import { type MemberFigures, poolFolder, readPoolFigures } from '../models/pool-figures.ts';
import { readCanaries, type ServerCanary } from '../models/server-canary.ts';
import { listEndpoints } from '../models/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isHostedService } from './hosted.ts';
import { llmResolver } from './resolve.ts';
import { findServer, listServers, parseLlm, type Server, servedNames } from './servers.ts';

/** A server behind columns. */
export interface MetricsTarget {
  /** The address as it may be shown; what tells targets apart. */
  readonly url: string;
  readonly names: readonly string[];
  /** `llama`, `vllm` for servers of ours, '' for others. */
  readonly engine: string;
  /** Null while a server of ours does not answer yet. */
  readonly endpoint: ChatEndpoint | null;
  /** The worker of a job of ours. */
  readonly pid: number | null;
  /** Id of a job of ours. */
  readonly job: string | null;
  /** Of a server of a pool: what our processes asked of it. */
  readonly asked?: MemberFigures | undefined;
  /** Of a server of an embedder: the newest look at its vectors. */
  readonly canary?: ServerCanary | undefined;
}

const FOREIGN = { engine: '', pid: null, job: null } as const;

/**
 * Where the LLMs of columns are answered, each server once. Starts nothing: an LLM that nobody serves yet has no
 * target. Errors of one LLM (an unknown engine, a key that is missing) leave that one out.
 */
export async function metricsTargets(paths: WorkspacePaths, llms: readonly string[]): Promise<MetricsTarget[]> {
  const resolve = llmResolver(paths);
  const own = listEndpoints(paths);
  const found = await Promise.all(
    llms.map(async (llm): Promise<(MetricsTarget | null)[]> => {
      try {
        if (!own.some(({ name, kind }) => name === llm && kind === 'chat')) return [servedTarget(paths, llm)];
        const { pool, ...endpoint } = await resolve(llm, {});
        return (pool?.members ?? [endpoint]).map(({ url, key }) => ({
          ...FOREIGN,
          url: shownUrl({ url }),
          names: [llm],
          endpoint: { ...endpoint, url, key },
        }));
      } catch {
        return [];
      }
    }),
  );
  const byUrl = new Map<string, MetricsTarget>();
  for (const target of found.flat()) {
    if (!target) continue;
    const known = byUrl.get(target.url);
    byUrl.set(target.url, known ? { ...known, names: [...known.names, ...target.names] } : target);
  }
  return [...byUrl.values()];
}

/**
 * Every server of ours that runs or starts, and every one the user added, each once. Hosted services are left out: they
 * are no servers to watch, and would see a request each second. An endpoint whose key is missing is asked without one.
 */
export async function allTargets(paths: WorkspacePaths): Promise<MetricsTarget[]> {
  const ours = listServers(paths).map((server) => targetOf(server, servedNames(server.work)));
  const byUrl = new Map<string, MetricsTarget>();
  for (const own of listEndpoints(paths).filter((one) => !isHostedService(one))) {
    const folder = poolFolder(paths, own.name);
    const asked = own.alsoAt ? readPoolFigures(folder) : [];
    const canaries = own.kind === 'embedding' ? readCanaries(folder) : [];
    for (const server of endpointServers(own)) {
      const endpoint = await openEndpoint(server).catch((): ChatEndpoint => ({ url: server.url, model: own.model }));
      const url = shownUrl(endpoint);
      const known = byUrl.get(url);
      const figures = asked.find((one) => one.url === url) ?? known?.asked;
      const canary = canaries.find((one) => one.url === url) ?? known?.canary;
      const names = [...(known?.names ?? []), own.name];
      byUrl.set(url, { ...FOREIGN, url, endpoint, names, asked: figures, canary });
    }
  }
  return [...ours, ...byUrl.values()];
}

function servedTarget(paths: WorkspacePaths, llm: string): MetricsTarget | null {
  const { name, engine } = parseLlm(llm);
  const server = findServer(paths, [name], engine);
  if (!server) return null;
  return targetOf(server, [llm]);
}

function targetOf({ job, work }: Server, names: readonly string[]): MetricsTarget {
  const file = readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
  const endpoint = file?.ready ? { url: file.url, key: file.key, model: file.model } : null;
  const { id } = job.spec;
  return { url: endpoint ? shownUrl(endpoint) : id, names, engine: work.engine, endpoint, pid: job.pid, job: id };
}
