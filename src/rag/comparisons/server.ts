import { modelDigest } from '../../evaluation/model-digest.ts';
import { listEndpoints } from '../../models/store.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { ResolvedLlm } from '../../serving/resolve.ts';
import { findServer, parseLlm } from '../../serving/servers.ts';

/** What answers a column: engine, address without keys, model as the server calls it, digest of its weights. */
export type ServerFacts = Readonly<Record<string, string>>;

/**
 * What stands behind a name at this moment, for the history. `digest` (`modelDigest`) only of weights that we serve
 * ourselves: what is behind a foreign address nobody can tell. Never rejects.
 */
export async function describeServer(paths: WorkspacePaths, llm: string, endpoint: ResolvedLlm): Promise<ServerFacts> {
  const engine = endpoint.embedded ? 'llama' : servedBy(paths, llm);
  const facts = { engine: engine ?? 'endpoint', url: bareUrl(endpoint.url), model: endpoint.model };
  if (engine === undefined) return facts;
  try {
    return { ...facts, digest: await modelDigest(paths, llm, endpoint) };
  } catch {
    return facts;
  }
}

/** The engine of the server of ours that has it; undefined for an endpoint of the user's. */
function servedBy(paths: WorkspacePaths, llm: string): string | undefined {
  try {
    if (listEndpoints(paths).some(({ name }) => name === llm)) return undefined;
    const { name, engine } = parseLlm(llm);
    return findServer(paths, [name], engine)?.work.engine;
  } catch {
    return undefined;
  }
}

/** Some put a key into the address itself. */
function bareUrl(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  } catch {
    return '';
  }
}
