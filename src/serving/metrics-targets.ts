import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import type { ChatEndpoint } from '../models/endpoint-url.ts';
import { shownUrl } from '../models/endpoint-url.ts';
import { listEndpoints } from '../models/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { llmResolver } from './resolve.ts';
import { findServer, parseLlm } from './servers.ts';

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
}

/**
 * Where the LLMs of columns are answered, each server once. Starts nothing: an LLM that nobody serves yet has no
 * target. Errors of one LLM (an unknown engine, a key that is missing) leave that one out.
 */
export async function metricsTargets(paths: WorkspacePaths, llms: readonly string[]): Promise<MetricsTarget[]> {
  const resolve = llmResolver(paths);
  const own = listEndpoints(paths);
  const found = await Promise.all(
    llms.map(async (llm): Promise<MetricsTarget | null> => {
      try {
        if (!own.some(({ name, kind }) => name === llm && kind === 'chat')) return servedTarget(paths, llm);
        const endpoint = await resolve(llm, {});
        return { url: shownUrl(endpoint), names: [llm], engine: '', endpoint, pid: null };
      } catch {
        return null;
      }
    }),
  );
  const byUrl = new Map<string, MetricsTarget>();
  for (const target of found) {
    if (!target) continue;
    const known = byUrl.get(target.url);
    byUrl.set(target.url, known ? { ...known, names: [...known.names, ...target.names] } : target);
  }
  return [...byUrl.values()];
}

function servedTarget(paths: WorkspacePaths, llm: string): MetricsTarget | null {
  const { name, engine } = parseLlm(llm);
  const server = findServer(paths, [name], engine);
  if (!server) return null;
  const file = readJsonFile(jobFiles(server.job.folder).endpoint, endpointFileSchema);
  const endpoint = file?.ready ? { url: file.url, key: file.key, model: file.model } : null;
  return {
    url: endpoint ? shownUrl(endpoint) : server.job.spec.id,
    names: [llm],
    engine: server.work.engine,
    endpoint,
    pid: server.job.pid,
  };
}
