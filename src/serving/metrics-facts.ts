import { z } from 'zod';
import { apiUrl, authHeaders, type ChatEndpoint, rootUrl } from '../models/endpoint-url.ts';
import { parseJson } from '../platform/json.ts';
import { request } from '../platform/network.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import type { ServerFacts } from './metrics-types.ts';

const TIMEOUT_MS = 2000;
const MOST_BYTES = 1024 * 1024;
const MOST_MODELS = 100;

const text = z.string().transform((value) => sanitizeLine(value).slice(0, 120));
const positive = z.number().positive().nullish().catch(null);

const modelsSchema = z.object({
  data: z.array(
    z.object({
      id: text,
      parent: text.nullish().catch(null),
      max_model_len: positive,
      context_length: positive,
      /** llama.cpp keeps it here. */
      meta: z.object({ n_ctx_train: positive }).nullish().catch(null),
    }),
  ),
});
const versionSchema = z.object({ version: text });
/** Ollama's `GET /api/ps`: what is in memory. */
const loadedSchema = z.object({
  models: z.array(z.object({ name: text, size: positive, size_vram: z.number().nonnegative().nullish().catch(null) })),
});
/** llama.cpp's `GET /props`. */
const propsSchema = z.object({ build_info: text.nullish(), default_generation_settings: z.unknown() });
/** SGLang's `GET /get_server_info`. */
const sglangSchema = z.object({ version: text });

/**
 * Reads what a server that is not ours says of itself, by GET requests that change nothing: `/v1/models`, `/version`
 * (vLLM), `/api/version` and `/api/ps` (Ollama), `/props` (llama.cpp), `/get_server_info` (SGLang). Null when it answers
 * none of them. Never throws.
 */
export async function readServerFacts(endpoint: ChatEndpoint): Promise<ServerFacts | null> {
  const root = (path: string): URL => rootUrl(endpoint, path);
  const models = await get(endpoint, apiUrl(endpoint, 'models'), modelsSchema);
  const ollama = await get(endpoint, root('api/version'), versionSchema);
  const vllm = ollama ? null : await get(endpoint, root('version'), versionSchema);
  const props = ollama || vllm ? null : await get(endpoint, root('props'), propsSchema);
  const sglang = ollama || vllm || props ? null : await get(endpoint, root('get_server_info'), sglangSchema);
  const loaded = ollama ? await get(endpoint, root('api/ps'), loadedSchema) : null;
  if (!models && !ollama && !vllm && !props && !sglang) return null;
  return {
    engine: ollama ? 'ollama' : vllm ? 'vllm' : props ? 'llama.cpp' : sglang ? 'sglang' : '',
    version: (ollama ?? vllm ?? sglang)?.version ?? props?.build_info ?? '',
    models: (models?.data ?? []).slice(0, MOST_MODELS).map((model) => ({
      id: model.id,
      contextTokens: model.max_model_len ?? model.context_length ?? model.meta?.n_ctx_train ?? null,
      parent: model.parent ?? null,
    })),
    loaded: (loaded?.models ?? [])
      .slice(0, MOST_MODELS)
      .map(({ name, size, size_vram }) => ({ id: name, bytes: size ?? null, gpuBytes: size_vram ?? null })),
  };
}

/** What a server answers there if it is what `schema` says, at most 1 MB of it in two seconds. */
async function get<S extends z.ZodType>(endpoint: ChatEndpoint, url: URL, schema: S): Promise<z.output<S> | null> {
  try {
    const response = await request(url, {
      headers: { accept: 'application/json', ...authHeaders(endpoint) },
      // A key must not follow a redirect to a host nobody approved.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return null;
    }
    let body = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      body += decoder.decode(bytes, { stream: true });
      if (body.length > MOST_BYTES) return null;
    }
    return schema.safeParse(parseJson(body)).data ?? null;
  } catch {
    return null;
  }
}
