import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { RagtuiError } from '../platform/errors.ts';
import { redactSecrets } from '../platform/redact.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { apiUrl } from './endpoint-url.ts';

export interface EmbeddingsServer {
  readonly name: string;
  readonly url: string;
  readonly model: string;
  readonly keyEnv?: string;
}

const BATCH = 64;
const IN_FLIGHT = 2;
const ATTEMPTS = 5;
const TIMEOUT_MS = 120_000;
const LONGEST_WAIT_MS = 60_000;

const replySchema = z.object({
  data: z.array(z.object({ index: z.number().int(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.number() }).partial().nullish(),
});
const errorSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

interface Part {
  readonly vectors: Float32Array[];
  readonly tokens: number[];
}

/**
 * Unit vectors of `texts` from an OpenAI-compatible server, in their order: 64 a request, two requests in flight;
 * 429 and 5xx answers are tried again, after `Retry-After` when it is given (at most a minute). `tokens` are the
 * server's sum, shared out by length. Throws `unavailable`, `permission`, `invalid`, `cancelled`, `usage` (no key).
 */
export async function requestEmbeddings(
  server: EmbeddingsServer,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Part> {
  const parts = Array.from({ length: Math.ceil(texts.length / BATCH) }, (_, index) =>
    texts.slice(index * BATCH, (index + 1) * BATCH),
  );
  const results = new Map<number, Part>();
  let next = 0;
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  async function lane(): Promise<void> {
    for (let mine = next++; mine < parts.length; mine = next++) {
      results.set(mine, await request(server, parts[mine] ?? [], either));
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, parts.length) }, lane));
  } catch (error) {
    stop.abort();
    if (signal?.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
    throw error;
  }
  const ordered = parts.map((_, index) => results.get(index) ?? { vectors: [], tokens: [] });
  return { vectors: ordered.flatMap((part) => part.vectors), tokens: ordered.flatMap((part) => part.tokens) };
}

async function request(server: EmbeddingsServer, texts: readonly string[], signal: AbortSignal): Promise<Part> {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'ragtui' };
  if (server.keyEnv) headers['authorization'] = `Bearer ${keyOf(server.keyEnv, server.name)}`;
  const body = JSON.stringify({ model: server.model, input: texts, encoding_format: 'float' });
  let last = 'no answer';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    let wait = 500 * 2 ** attempt;
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(apiUrl(server, 'embeddings'), {
        method: 'POST',
        headers,
        body,
        signal: within,
        redirect: 'error',
      });
      if (response.ok) return read(server, texts, parseJson(await response.text()));
      last = await explain(response, server);
      if (response.status !== 429 && response.status < 500) throw refusal(server, response.status, last);
      wait = retryAfter(response) ?? wait;
    } catch (error) {
      if (error instanceof RagtuiError) throw error;
      if (signal.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
      last = withoutKey(reasonOf(error), server);
    }
    if (attempt < ATTEMPTS - 1) await delay(Math.min(wait, LONGEST_WAIT_MS), undefined, { signal }).catch(() => {});
    if (signal.aborted) throw new RagtuiError('cancelled', 'Cancelled.');
  }
  throw new RagtuiError(
    'unavailable',
    `Embedding endpoint "${server.name}" does not answer: ${last}.`,
    `Is the server at ${server.url} running?`,
  );
}

function read(server: EmbeddingsServer, texts: readonly string[], json: unknown): Part {
  const parsed = replySchema.safeParse(json);
  if (!parsed.success)
    throw new RagtuiError(
      'invalid',
      `"${server.name}" does not answer like an OpenAI embeddings server.`,
      `Check its URL: ${server.url}.`,
    );
  const vectors: Float32Array[] = [];
  for (const { index, embedding } of parsed.data.data) vectors[index] = unit(embedding, server.name);
  for (let index = 0; index < texts.length; index += 1) {
    if (!vectors[index])
      throw new RagtuiError('invalid', `"${server.name}" left text ${index + 1} of ${texts.length} without a vector.`);
  }
  if (vectors.length !== texts.length)
    throw new RagtuiError('invalid', `"${server.name}" gave ${vectors.length} vectors for ${texts.length} texts.`);
  const characters = texts.reduce((sum, text) => sum + text.length, 0) || 1;
  const total = parsed.data.usage?.prompt_tokens ?? 0;
  return { vectors, tokens: texts.map((text) => Math.round((total * text.length) / characters)) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unit(values: readonly number[], name: string): Float32Array {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(norm) || norm < 1e-12)
    throw new RagtuiError('invalid', `"${name}" gave a vector that has no direction.`);
  return Float32Array.from(values, (value) => value / norm);
}

async function explain(response: Response, server: EmbeddingsServer): Promise<string> {
  const text = await response.text().catch(() => '');
  try {
    const { error } = errorSchema.parse(JSON.parse(text));
    const said = (typeof error === 'string' ? error : error.message).split('\n', 1)[0] ?? '';
    return `HTTP ${response.status}, ${withoutKey(said, server).slice(0, 200)}`;
  } catch {
    return `HTTP ${response.status}`;
  }
}

/** Some servers repeat the key they refuse; what we say ends in logs and job folders. */
function withoutKey(said: string, { keyEnv }: EmbeddingsServer): string {
  const key = keyEnv && process.env[keyEnv];
  return sanitizeLine(redactSecrets(key ? said.replaceAll(key, '[key]') : said));
}

function refusal(server: EmbeddingsServer, status: number, why: string): RagtuiError {
  if (status === 401 || status === 403) {
    const hint = server.keyEnv
      ? `Check the key in ${server.keyEnv}.`
      : 'It wants a key: add the endpoint again with --key-env.';
    return new RagtuiError('permission', `Embedding endpoint "${server.name}" refuses us: ${why}.`, hint);
  }
  return new RagtuiError(
    'invalid',
    `Embedding endpoint "${server.name}" refuses the request: ${why}.`,
    `Check the model name "${server.model}" and the URL ${server.url}.`,
  );
}

function keyOf(variable: string, name: string): string {
  const key = process.env[variable];
  if (key) return key;
  throw new RagtuiError(
    'usage',
    `The key of endpoint "${name}" is missing: ${variable} is not set.`,
    `Set ${variable} and start again.`,
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `nothing within ${TIMEOUT_MS / 1000} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') || cause.name : String(cause);
}

/** Milliseconds, from seconds or a date. */
function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
