import type { ChatEndpoint } from '../models/endpoint.ts';
import { listEndpoints } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { ensureLlmServer } from './llama.ts';

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
}

export type ResolveLlm = (llm: string, options: ResolveOptions) => Promise<ResolvedLlm>;

/**
 * Finds an LLM by the name of an endpoint of the user's or by catalogue id; starts the embedded server if it has to.
 * Errors: `permission` when an endpoint's key is not in the environment, and those of `ensureLlmServer`.
 */
export function llmResolver(paths: WorkspacePaths, env: NodeJS.ProcessEnv = process.env): ResolveLlm {
  return async (llm, options) => {
    const endpoint = listEndpoints(paths).find(({ name, kind }) => name === llm && kind === 'chat');
    if (!endpoint) return { ...(await ensureLlmServer(paths, llm, options)), embedded: true };
    const key = endpoint.keyEnv ? env[endpoint.keyEnv] : undefined;
    if (endpoint.keyEnv && !key) {
      throw new RagtuiError(
        'permission',
        `The key of ${llm} is not set: the environment has no ${endpoint.keyEnv}.`,
        `Set ${endpoint.keyEnv} and start ragtui again.`,
      );
    }
    return { url: endpoint.url, key, model: endpoint.model, contextTokens: null, embedded: false };
  };
}
