import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { type Answer, request as send } from '../platform/network.ts';
import { estimateTokens } from '../rag/fit.ts';
import type { Message, Sampling } from '../rag/types.ts';
import { AnswerCollector, type CollectedAnswer } from './endpoint-answer.ts';
import { wholeBody } from './endpoint-body.ts';
import { connectionFault, isConnectionError } from './endpoint-connection.ts';
import { protocolFault, stallFault } from './endpoint-faults.ts';
import { throughPool, wellServer } from './endpoint-pool.ts';
import { either, Pulse } from './endpoint-pulse.ts';
import type { Split } from './endpoint-reasoning.ts';
import { callEndpoint, type SendOptions, sendPatiently } from './endpoint-send.ts';
import { authHeaders, type ChatEndpoint, rootUrl } from './endpoint-url.ts';
import { Watchdog } from './endpoint-watchdog.ts';
import type { OptionalField } from './types.ts';

export type { ChatEndpoint } from './endpoint-url.ts';

const FIRST_BYTE_SECONDS = 300;
const STALL_SECONDS = 120;
/** What follows an ended answer is its usage; some servers then keep the connection and say nothing. */
const AFTER_END_SECONDS = 10;
const TOKENIZE_TIMEOUT_MS = 5000;

/** As OpenAI, vLLM and our embedded server take it. */
export type ResponseFormat =
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly strict: boolean;
        readonly schema: Readonly<Record<string, unknown>>;
      };
    };

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly sampling: Sampling;
  /** What the answer must be; a server that cannot keep to it refuses the request (`invalid`). */
  readonly responseFormat?: ResponseFormat | undefined;
  /** Ask our embedded server for bit-identical answers (its default); false lets a chat reuse its beginning. */
  readonly strict?: boolean;
}

export interface ChatOptions extends Pick<SendOptions, 'signal' | 'onStatus' | 'firstWaitMs'> {
  readonly onDelta?: (delta: Split) => void;
  /** Seconds without a byte after which the server counts as hanging, instead of the endpoint's. */
  readonly stallSeconds?: number;
}

export interface ChatResult extends CollectedAnswer {
  /** How often the request was made again before it was answered. */
  readonly retries: number;
  /** Sampling fields the endpoint does not take, so that they were not sent. */
  readonly notSent: readonly string[];
}

/**
 * Asks an OpenAI-compatible server and streams its answer; reasoning (`reasoning_content` or `<think>`) is kept apart.
 * Of a pool the first server that answers does; one that fails before anything was shown is followed by another.
 * Waits for the endpoint's limits, and asks again what was not answered (`ChatEndpoint.retries`), never once text came;
 * times count from the request that was answered. Errors, never with a key in them: `permission` (401, 403, no credit),
 * `not-found` (404), `busy` (429), `invalid` (400), `unavailable` (5xx, refused, error in the stream), `network`
 * (unreachable, TLS, proxy, redirect, cut), `timeout` (stalled), `corrupt` (not the protocol), `unsupported` (tool call).
 */
export async function streamChat(
  endpoint: ChatEndpoint,
  request: ChatRequest,
  options: ChatOptions = {},
): Promise<ChatResult> {
  const body = requestBody(endpoint, request);
  const notSent = omitted(endpoint, request);
  const most = estimateTokens(request.messages) + request.sampling.maxTokens;
  let shown = false;
  const { onDelta, signal } = options;
  const watched: ChatOptions = {
    ...options,
    ...(onDelta
      ? {
          onDelta: (delta: Split) => {
            shown = true;
            onDelta(delta);
          },
        }
      : {}),
  };
  try {
    const { value, retries } = await sendPatiently(endpoint, { ...options, tokens: most }, async () => {
      const answer = await throughPool(endpoint, (at) => once(at, body, watched), { shown: () => shown, signal });
      return {
        value: answer,
        tokens: answer.usage ? answer.usage.promptTokens + answer.usage.completionTokens : undefined,
      };
    });
    return { ...value, retries, notSent };
  } catch (error) {
    // While it waited: nothing had come.
    if (!options.signal?.aborted) throw error;
    return { ...new AnswerCollector(endpoint, undefined).cancelled(), retries: 0, notSent };
  }
}

async function once(endpoint: ChatEndpoint, body: unknown, options: ChatOptions): Promise<CollectedAnswer> {
  const answer = new AnswerCollector(endpoint, options.onDelta);
  const { firstByte = FIRST_BYTE_SECONDS, stall = STALL_SECONDS } = endpoint.timeouts ?? {};
  const stallSeconds = options.stallSeconds ?? stall;
  const pulse = endpoint.watched ? new Pulse(endpoint) : undefined;
  const watchdog = new Watchdog(options.stallSeconds ?? firstByte, either(options.signal, pulse?.signal));
  try {
    const response = await callEndpoint(endpoint, {
      path: 'chat/completions',
      body,
      accept: 'text/event-stream',
      signal: watchdog.signal,
    });
    const patience = () => (answer.finished ? Math.min(stallSeconds, AFTER_END_SECONDS) : stallSeconds);
    await readAnswer(endpoint, response, answer, () => {
      watchdog.feed(patience());
      pulse?.heard();
    });
    return answer.result();
  } catch (error) {
    if (options.signal?.aborted) return answer.cancelled();
    const lost = watchdog.stalled || pulse?.isDead || isConnectionError(error);
    if (lost && answer.finished) return answer.result();
    if (watchdog.stalled) throw stallFault(endpoint, watchdog.seconds);
    if (pulse?.isDead) throw pulse.fault();
    if (!lost) throw error;
    throw connectionFault(endpoint, error, answer.began);
  } finally {
    watchdog.stop();
    pulse?.stop();
  }
}

function requestBody(endpoint: ChatEndpoint, { messages, sampling, responseFormat, strict }: ChatRequest): unknown {
  const { omit = [], maxTokensField = 'max_tokens' } = endpoint.dialect ?? {};
  const optional: Record<OptionalField, unknown> = {
    stream_options: { include_usage: true },
    temperature: sampling.temperature,
    seed: sampling.seed,
    repetition_penalty: sampling.repetitionPenalty,
  };
  return {
    model: endpoint.model,
    messages,
    stream: true,
    // What is undefined is left out of JSON.
    ...Object.fromEntries(Object.entries(optional).filter(([name]) => !omit.some((field) => field === name))),
    [maxTokensField]: sampling.maxTokens,
    response_format: responseFormat,
    // Our server lets waiting clients take turns: an evaluation must not keep a person waiting.
    ...(strict === undefined ? {} : { ragtui: { strict, client: String(process.pid) } }),
  };
}

/** Sampling that was asked for and is not sent. */
function omitted({ dialect }: ChatEndpoint, { sampling }: ChatRequest): string[] {
  return (dialect?.omit ?? []).filter(
    (field) =>
      field !== 'stream_options' && (field !== 'repetition_penalty' || sampling.repetitionPenalty !== undefined),
  );
}

const countSchema = z.object({ count: z.number().int().nonnegative(), max_model_len: z.number().int().nullish() });

/**
 * Tokens of a chat as the server's own template renders it, and the size of its context, from `/tokenize` (ours, vLLM).
 * Null when the server does not offer it.
 */
export async function countTokens(
  endpoint: ChatEndpoint,
  messages: readonly Message[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ count: number; contextTokens: number | null } | null> {
  if (endpoint.tokenize === false) return null;
  const timeout = AbortSignal.timeout(TOKENIZE_TIMEOUT_MS);
  const at = wellServer(endpoint);
  try {
    const response = await send(rootUrl(at, 'tokenize'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authHeaders(at) },
      body: JSON.stringify({ model: endpoint.model, messages }),
      redirect: 'error',
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
    const parsed = countSchema.safeParse(JSON.parse(await response.text()));
    if (!response.ok || !parsed.success) return null;
    return { count: parsed.data.count, contextTokens: parsed.data.max_model_len ?? null };
  } catch {
    return null;
  }
}

async function readAnswer(
  endpoint: ChatEndpoint,
  response: Answer,
  answer: AnswerCollector,
  onBytes: () => void,
): Promise<void> {
  const type = response.header('content-type') ?? '';
  if (type.includes('text/html')) {
    response.drop();
    throw protocolFault(
      endpoint,
      'answers with a web page',
      'Its URL must be the base of the API (it usually ends in /v1); a page to log in may stand before it.',
    );
  }
  if (type.includes('application/json')) answer.whole(await wholeBody(endpoint, response));
  else await readEvents(response, answer, onBytes);
}

async function readEvents(response: Answer, answer: AnswerCollector, onBytes: () => void): Promise<void> {
  const parser = createParser({ onEvent: ({ data }) => answer.event(data), onComment: () => answer.comment() });
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    const text = decoder.decode(bytes, { stream: true });
    answer.received(text.length);
    parser.feed(text);
    if (answer.done) return;
    onBytes();
  }
  // A server that ends its last event without the blank line.
  parser.feed(`${decoder.decode()}\n\n`);
}
