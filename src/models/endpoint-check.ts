import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { parseJson } from '../platform/json.ts';
import type { Cost } from '../rag/types.ts';
import { embedThrough } from './embeddings-request.ts';
import { streamChat } from './endpoint.ts';
import type { ChatUsage } from './endpoint-answer.ts';
import { wholeBody } from './endpoint-body.ts';
import { connectionFault, isConnectionError } from './endpoint-connection.ts';
import { costOf } from './endpoint-cost.ts';
import { clean, protocolFault, stallFault } from './endpoint-faults.ts';
import { callEndpoint } from './endpoint-send.ts';
import type { ChatEndpoint } from './endpoint-url.ts';
import { Watchdog } from './endpoint-watchdog.ts';
import type { Endpoint } from './types.ts';

const LIST_WITHIN_SECONDS = 15;
const TRIAL_TOKENS = 32;

/** A model as a server lists it. */
export interface ServerModel {
  readonly id: string;
  /** Tokens of prompt and answer together; null where the server does not tell. */
  readonly contextTokens: number | null;
}

/**
 * `ok`: it answers and knows the model; `model-missing`: it answers, but does not list it; `no-list`: it answers, but
 * lists no models; `failed`: see the error.
 */
export type HealthState = 'ok' | 'model-missing' | 'no-list' | 'failed';

export interface EndpointHealth {
  readonly state: HealthState;
  /** Of the request for the list; null when nothing answered. */
  readonly latencyMs: number | null;
  readonly models: readonly ServerModel[];
  readonly error: RagtuiError | null;
}

/** One real request and what came of it. */
export interface Trial {
  /** What a chat model said; '' for an embedding one. */
  readonly text: string;
  /** Length of an embedding model's vectors. */
  readonly dimension: number | null;
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  readonly usage: ChatUsage | null;
  readonly cost: Cost | null;
}

const tokens = z.number().int().positive().nullish().catch(null);
const listSchema = z.object({
  data: z.array(
    z.object({
      id: z.string().min(1),
      /** vLLM and SGLang, OpenRouter, Groq. */
      max_model_len: tokens,
      context_length: tokens,
      context_window: tokens,
    }),
  ),
});

/** The models of a server (`GET /models`), by name. Errors: those of `streamChat`. */
export async function listServerModels(endpoint: ChatEndpoint, signal?: AbortSignal): Promise<ServerModel[]> {
  const watchdog = new Watchdog(endpoint.timeouts?.firstByte ?? LIST_WITHIN_SECONDS, signal);
  try {
    const response = await callEndpoint(endpoint, { path: 'models', signal: watchdog.signal });
    const parsed = listSchema.safeParse(parseJson(await wholeBody(endpoint, response)));
    if (!parsed.success) throw protocolFault(endpoint, 'gives no list of models');
    return parsed.data.data
      .map(({ id, max_model_len, context_length, context_window }) => ({
        id: clean(endpoint, id),
        contextTokens: max_model_len ?? context_length ?? context_window ?? null,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  } catch (error) {
    if (signal?.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
    if (watchdog.stalled) throw stallFault(endpoint, watchdog.seconds);
    throw isConnectionError(error) ? connectionFault(endpoint, error, false) : error;
  } finally {
    watchdog.stop();
  }
}

/** Asks for the list of models, which costs nothing: whether it answers, how fast, whether it knows the model. Never throws but for a cancel. */
export async function checkEndpoint(endpoint: ChatEndpoint, signal?: AbortSignal): Promise<EndpointHealth> {
  const startedAt = performance.now();
  try {
    const models = await listServerModels(endpoint, signal);
    const latencyMs = performance.now() - startedAt;
    return { state: findServerModel(models, endpoint.model) ? 'ok' : 'model-missing', latencyMs, models, error: null };
  } catch (thrown) {
    const error = toRagtuiError(thrown);
    if (error.code === 'cancelled') throw error;
    // Some serve chat and nothing else; the key was not refused, so far.
    const answers = error.code === 'not-found' || error.code === 'corrupt';
    return {
      state: error.code === 'not-found' ? 'no-list' : 'failed',
      latencyMs: answers ? performance.now() - startedAt : null,
      models: [],
      error: error.code === 'not-found' ? null : error,
    };
  }
}

/** The entry of a model; servers know `name` and `name:latest`, or put `models/` before it. */
export function findServerModel(models: readonly ServerModel[], name: string): ServerModel | undefined {
  return models.find(({ id }) => id === name || id === `${name}:latest` || id === `models/${name}`);
}

/** Makes one real, small request. Errors: those of `streamChat` and `requestEmbeddings`, `cancelled`. */
export async function tryEndpoint(
  endpoint: ChatEndpoint,
  kind: Endpoint['kind'],
  options: { readonly signal?: AbortSignal; readonly onStatus?: (text: string) => void } = {},
): Promise<Trial> {
  const startedAt = performance.now();
  if (kind === 'embedding') {
    const { vectors } = await embedThrough(endpoint, ['hello'], options.signal);
    const totalMs = performance.now() - startedAt;
    return { text: '', dimension: vectors[0]?.length ?? 0, firstTokenMs: null, totalMs, usage: null, cost: null };
  }
  const result = await streamChat(
    endpoint,
    {
      messages: [{ role: 'user', content: 'Say hello in one word.' }],
      sampling: { temperature: 0, seed: 1314, maxTokens: TRIAL_TOKENS },
    },
    options,
  );
  if (result.finish === 'cancelled') throw new RagtuiError('cancelled', 'Cancelled.');
  const { usage, firstTokenMs, totalMs } = result;
  const text = result.text.trim() || result.reasoning.trim();
  return { text, dimension: null, firstTokenMs, totalMs, usage, cost: usage ? costOf(endpoint.prices, usage) : null };
}
