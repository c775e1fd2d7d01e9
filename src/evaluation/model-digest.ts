import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { wellServer } from '../models/endpoint-pool.ts';
import { apiUrl, authHeaders } from '../models/endpoint-url.ts';
import { installedModel, listAdapters } from '../models/store.ts';
import { request } from '../platform/network.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { ResolvedLlm } from '../serving/resolve.ts';
import { findServer, parseLlm, versionOf } from '../serving/servers.ts';
import { hashOf } from './plan.ts';

const TIMEOUT_MS = 5000;
const cardsSchema = z.object({
  data: z.array(z.object({ id: z.string(), root: z.string().nullish(), parent: z.string().nullish() })),
});
type Card = z.infer<typeof cardsSchema>['data'][number];

/**
 * What stands for an LLM's weights in an item's key. Of what the embedded engine serves the hashes of its files; of a
 * server that names local folders (vLLM does) name, size and time of the weights in them; of any other its address and
 * model name, so that weights changed behind one name are not noticed. Errors: those of `installedModel`.
 */
export async function modelDigest(paths: WorkspacePaths, llm: string, endpoint: ResolvedLlm): Promise<string> {
  if (endpoint.embedded) return hashOf(embeddedWeights(paths, parseLlm(llm).name));
  const cards = await modelCards(endpoint);
  const card = cards.find(({ id }) => id === endpoint.model);
  const parent = cards.find(({ id }) => id === card?.parent);
  const weights = [card, parent].map((one) => localWeights(one?.root ?? '')).filter((one) => one.length > 0);
  if (weights.length > 0) return hashOf([endpoint.model, weights]);
  // On another host they lie under the hash of what is in them.
  const stored = [card, parent].flatMap((one) => /\/store\/([0-9a-f]{32})$/.exec(one?.root ?? '')?.[1] ?? []);
  return stored.length > 0 ? hashOf([endpoint.model, stored]) : hashOf([endpoint.url, endpoint.model]);
}

function embeddedWeights(paths: WorkspacePaths, name: string): unknown {
  // A name may mean another version of the adapter than the one in the list.
  const running = findServer(paths, [name], 'llama');
  const sha256 = running && versionOf(running, name)?.sha256;
  if (running && sha256) return [embeddedWeights(paths, running.work.model), sha256];
  const adapter = listAdapters(paths).find((one) => one.name === name);
  if (adapter) return [embeddedWeights(paths, adapter.base), adapter.sha256];
  // One given to `deploy start` by its path is in no list.
  const given = running?.work.adapters.find((one) => one.name === name);
  if (running && given) return [embeddedWeights(paths, running.work.model), localWeights(given.path)];
  return Object.entries(installedModel(paths, name).sha256).sort();
}

async function modelCards(endpoint: ResolvedLlm): Promise<Card[]> {
  try {
    const at = wellServer(endpoint);
    const response = await request(apiUrl(at, 'models'), {
      headers: authHeaders(at),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const parsed = cardsSchema.safeParse(JSON.parse(await response.text()));
    return response.ok && parsed.success ? parsed.data.data : [];
  } catch {
    return []; // Not every server lists its models.
  }
}

function localWeights(root: string): unknown[] {
  if (!path.isAbsolute(root)) return [];
  try {
    return readdirSync(root)
      .filter((name) => /\.(safetensors|gguf|bin)$/.test(name))
      .sort()
      .map((name) => {
        const { size, mtimeMs } = statSync(path.join(root, name));
        return [name, size, mtimeMs];
      });
  } catch {
    return [];
  }
}
