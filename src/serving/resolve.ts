import type { ChatEndpoint } from '../models/endpoint.ts';
import { openEndpoint } from '../models/endpoint-open.ts';
import { poolFolder } from '../models/pool-figures.ts';
import { allModels, listAdapters, listEndpoints } from '../models/store.ts';
import type { Endpoint } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { ensureLlmServer, untilServed } from './llama.ts';
import { findServer, parseLlm } from './servers.ts';

/** Where an LLM answers, whoever started it. */
export interface ResolvedLlm extends ChatEndpoint {
  /** Tokens of prompt and answer together; null = only the server knows. */
  readonly contextTokens: number | null;
  /** Our own server understands `strict`; other servers refuse fields they do not know. */
  readonly embedded: boolean;
}

export interface ResolveOptions {
  readonly signal?: AbortSignal;
  readonly onStatus?: (text: string) => void;
  /** Models and adapters that will be asked too; the embedded engine then serves them from one set of weights. */
  readonly beside?: readonly string[];
}

export type ResolveLlm = (llm: string, options: ResolveOptions) => Promise<ResolvedLlm>;

/**
 * Finds an LLM by name: an endpoint of the user's, what is deployed under that name (`NAME@vllm`, `NAME@llama`: on that
 * engine), else a model or adapter that the embedded server is started for.
 * Errors: `permission` when an endpoint's key is missing, `unavailable` when nothing on the engine that
 * is asked for has it, and those of `ensureLlmServer`.
 */
export function llmResolver(paths: WorkspacePaths, env: NodeJS.ProcessEnv = process.env): ResolveLlm {
  return async (llm, options) => {
    const endpoint = listEndpoints(paths).find(({ name, kind }) => name === llm && kind === 'chat');
    if (!endpoint) return resolveOwn(paths, llm, options);
    return {
      ...(await openCounted(paths, endpoint, env)),
      contextTokens: endpoint.contextTokens ?? null,
      embedded: false,
    };
  };
}

/** An endpoint of the user's; what is asked of the servers of a pool is written down for those who look at it. Errors: those of `openEndpoint`. */
export async function openCounted(
  paths: WorkspacePaths,
  endpoint: Endpoint,
  env: NodeJS.ProcessEnv,
): Promise<ChatEndpoint> {
  const opened = await openEndpoint(endpoint, env);
  if (!opened.pool) return opened;
  return { ...opened, pool: { ...opened.pool, folder: poolFolder(paths, endpoint.name) } };
}

/** Whether a server of ours has it already, or will when it is up. */
export function isServed(paths: WorkspacePaths, llm: string): boolean {
  const { name, engine } = parseLlm(llm);
  return findServer(paths, [name], engine) !== undefined;
}

async function resolveOwn(paths: WorkspacePaths, llm: string, options: ResolveOptions): Promise<ResolvedLlm> {
  const { name, engine } = parseLlm(llm);
  const deployed = findServer(paths, [name], engine);
  if (!deployed && engine === 'vllm') {
    throw new RagtuiError('unavailable', `Nothing on vLLM is called ${name}.`, 'Start it: `ragtui deploy start`.');
  }
  const served =
    deployed && (deployed.work.engine === 'vllm' || !isKnown(paths, name))
      ? await untilServed(paths, deployed.job.spec.id, name, options)
      : await ensureLlmServer(paths, name, { ...options, beside: (options.beside ?? []).map(nameOf) });
  // What is silent on another host may be a connection that stands still: that is noticed by who holds it.
  const watched = deployed?.work.launcher === undefined;
  return { ...served, embedded: served.engine === 'llama', watched };
}

/** Adapters that were given to `deploy start` by path are in no list. */
const isKnown = (paths: WorkspacePaths, name: string): boolean =>
  [...allModels(paths).map(({ id }) => id), ...listAdapters(paths).map((adapter) => adapter.name)].includes(name);

const nameOf = (llm: string): string => {
  const { name, engine } = parseLlm(llm);
  return engine === 'vllm' ? '' : name;
};
