import { z } from 'zod';
import { RagtuiError } from '../platform/errors.ts';
import { parseJson } from '../platform/json.ts';
import { estimateTokens } from '../rag/fit.ts';
import { wholeBody } from './endpoint-body.ts';
import { connectionFault, isConnectionError } from './endpoint-connection.ts';
import { EndpointFault, protocolFault, stallFault } from './endpoint-faults.ts';
import { openEndpoint } from './endpoint-open.ts';
import { throughPool } from './endpoint-pool.ts';
import { either, Pulse } from './endpoint-pulse.ts';
import { callEndpoint, sendPatiently } from './endpoint-send.ts';
import type { ChatEndpoint } from './endpoint-url.ts';
import { Watchdog } from './endpoint-watchdog.ts';
import { findPreset } from './presets.ts';
import type { Endpoint } from './types.ts';

/** What is needed of an embedding endpoint; the key is found when it is asked. `records`: where what is asked of each of several servers is written down. */
export type EmbeddingsServer = Omit<Endpoint, 'kind'> & { readonly records?: string };

const BATCH = 64;
const IN_FLIGHT = 2;
const FIRST_WAIT_MS = 500;
const ANSWER_WITHIN_SECONDS = 120;

const replySchema = z.object({
  // Some servers send numbers whatever they were asked for. Each is looked at when its vector is made.
  data: z.array(z.object({ index: z.number().int(), embedding: z.union([z.string(), z.array(z.unknown())]) })),
  usage: z.object({ prompt_tokens: z.number() }).partial().nullish(),
});

/** Vectors of texts, in their order. */
export interface EmbeddingsPart {
  readonly vectors: Float32Array[];
  readonly tokens: number[];
}

/**
 * Unit vectors of `texts` from an OpenAI-compatible server, in their order: 64 a request (fewer where the provider
 * wants it), two requests in flight; what was not answered is asked again, after `Retry-After` when it is given.
 * `tokens` are the server's sum, shared out by length. Errors: those of `streamChat`, `invalid` for vectors that are
 * none, `cancelled`, `permission` (no key). Of several servers the one with least in work is asked, and another at once
 * where it fails; `proof` says which of them may be.
 */
export async function requestEmbeddings(
  server: EmbeddingsServer,
  texts: readonly string[],
  signal?: AbortSignal,
  proof?: Proof,
): Promise<EmbeddingsPart> {
  const { records, ...entry } = server;
  const opened = await openEndpoint({ ...entry, kind: 'embedding' });
  const endpoint =
    opened.pool && records !== undefined ? { ...opened, pool: { ...opened.pool, folder: records } } : opened;
  const batch = findPreset(server.preset)?.embeddingBatch ?? BATCH;
  return embedThrough(endpoint, texts, signal, { batch, ...(proof && { proof }) });
}

/** Who looks whether one server of several is what the others are. */
export interface Proof {
  /** Before it is asked. Throws an EndpointFault that keeps texts from it. */
  ensure(at: ChatEndpoint): Promise<void>;
  /** It failed: whatever comes back at its address has to be looked at anew. */
  doubt(at: ChatEndpoint): void;
}

interface RequestOptions {
  /** Texts a request. */
  readonly batch?: number;
  /** Have texts cut at what the model reads, as our own runtime does; servers other than vLLM and ours may not know the field. */
  readonly truncate?: boolean;
  readonly proof?: Proof;
}

/** `requestEmbeddings` for an endpoint whose key is at hand. */
export async function embedThrough(
  endpoint: ChatEndpoint,
  texts: readonly string[],
  signal?: AbortSignal,
  { batch = BATCH, ...extra }: RequestOptions = {},
): Promise<EmbeddingsPart> {
  const parts = Array.from({ length: Math.ceil(texts.length / batch) }, (_, index) =>
    texts.slice(index * batch, (index + 1) * batch),
  );
  const results = new Map<number, EmbeddingsPart>();
  let next = 0;
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  async function lane(): Promise<void> {
    for (let mine = next++; mine < parts.length; mine = next++) {
      results.set(mine, await request(endpoint, parts[mine] ?? [], either, extra));
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

async function request(
  endpoint: ChatEndpoint,
  texts: readonly string[],
  signal: AbortSignal,
  extra: RequestOptions,
): Promise<EmbeddingsPart> {
  const tokens = estimateTokens(texts.map((content) => ({ role: 'user', content })));
  const { value } = await sendPatiently(endpoint, { signal, tokens, firstWaitMs: FIRST_WAIT_MS }, async () => {
    const part = await throughPool(endpoint, (at) => askOne(at, texts, signal, extra), { signal });
    return { value: part, tokens: part.tokens.reduce((sum, count) => sum + count, 0) || tokens };
  });
  return value;
}

async function askOne(
  at: ChatEndpoint,
  texts: readonly string[],
  signal: AbortSignal,
  { proof, ...extra }: RequestOptions,
): Promise<EmbeddingsPart> {
  await proof?.ensure(at);
  try {
    return await inTheirFormat(at, (format) => once(at, texts, signal, { ...extra, format }));
  } catch (error) {
    proof?.doubt(at);
    throw error;
  }
}

type Format = 'base64' | 'float';
/** Servers that do not know base64, by their address. */
const plainServers = new Set<string>();

/** Vectors come as base64, half as long and read in a quarter of the time; who refuses that is asked for numbers. */
async function inTheirFormat(
  { url }: ChatEndpoint,
  ask: (format: Format) => Promise<EmbeddingsPart>,
): Promise<EmbeddingsPart> {
  if (plainServers.has(url)) return ask('float');
  try {
    return await ask('base64');
  } catch (error) {
    if (!(error instanceof EndpointFault) || error.code !== 'invalid') throw error;
    const part = await ask('float');
    plainServers.add(url);
    return part;
  }
}

async function once(
  endpoint: ChatEndpoint,
  texts: readonly string[],
  signal: AbortSignal,
  { truncate = false, format }: RequestOptions & { readonly format: Format },
): Promise<EmbeddingsPart> {
  const pulse = endpoint.watched ? new Pulse(endpoint) : undefined;
  const watchdog = new Watchdog(endpoint.timeouts?.firstByte ?? ANSWER_WITHIN_SECONDS, either(signal, pulse?.signal));
  try {
    const response = await callEndpoint(endpoint, {
      path: 'embeddings',
      body: {
        model: endpoint.model,
        input: texts,
        encoding_format: format,
        ...(truncate ? { truncate_prompt_tokens: -1 } : {}),
      },
      signal: watchdog.signal,
    });
    return read(endpoint, texts, parseJson(await wholeBody(endpoint, response)));
  } catch (error) {
    if (signal.aborted) throw error;
    if (watchdog.stalled) throw worthAnother(stallFault(endpoint, watchdog.seconds));
    // One that hangs has been waited for already.
    if (pulse?.isDead) throw pulse.isAway ? worthAnother(pulse.fault()) : pulse.fault();
    throw isConnectionError(error) ? worthAnother(connectionFault(endpoint, error, true)) : worthAnother(error);
  } finally {
    watchdog.stop();
    pulse?.stop();
  }
}

/** An ingest runs for hours, and the same texts give the same vectors: what may pass is waited for. */
function worthAnother(error: unknown): unknown {
  if (!(error instanceof EndpointFault) || !['unavailable', 'timeout', 'busy'].includes(error.code)) return error;
  const { code, message, hint, again = 'no answer', retryAfterMs, away } = error;
  return new EndpointFault(code, message, hint, { again, retryAfterMs, away, cause: error });
}

function read(endpoint: ChatEndpoint, texts: readonly string[], json: unknown): EmbeddingsPart {
  const parsed = replySchema.safeParse(json);
  if (!parsed.success) throw protocolFault(endpoint, 'does not answer like an OpenAI embeddings server');
  const name = endpoint.name ?? endpoint.model;
  const vectors: Float32Array[] = [];
  for (const { index, embedding } of parsed.data.data) vectors[index] = unit(embedding, name);
  for (let index = 0; index < texts.length; index += 1) {
    if (!vectors[index])
      throw new RagtuiError('invalid', `"${name}" left text ${index + 1} of ${texts.length} without a vector.`);
  }
  if (vectors.length !== texts.length)
    throw new RagtuiError('invalid', `"${name}" gave ${vectors.length} vectors for ${texts.length} texts.`);
  const characters = texts.reduce((sum, text) => sum + text.length, 0) || 1;
  const total = parsed.data.usage?.prompt_tokens ?? 0;
  return { vectors, tokens: texts.map((text) => Math.round((total * text.length) / characters)) };
}

/** `given`: numbers, or base64 of little-endian f32. */
function unit(given: string | readonly unknown[], name: string): Float32Array {
  const bytes = typeof given === 'string' ? Buffer.from(given, 'base64') : undefined;
  const values = new Float64Array(typeof given === 'string' ? (bytes?.length ?? 0) >> 2 : given.length);
  let squares = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = bytes ? bytes.readFloatLE(at * 4) : given[at];
    if (typeof value !== 'number') throw new RagtuiError('invalid', `"${name}" gave a vector with no number in it.`);
    values[at] = value;
    squares += value * value;
  }
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm < 1e-12)
    throw new RagtuiError('invalid', `"${name}" gave a vector that has no direction.`);
  return Float32Array.from(values, (value) => value / norm);
}
