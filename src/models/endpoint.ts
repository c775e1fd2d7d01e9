import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import type { Message, Sampling } from '../rag/types.ts';
import { connectionFault, protocolFault, stallFault, statusFault, streamFault } from './endpoint-faults.ts';
import { ReasoningSplitter, type Split, splitReasoning } from './endpoint-reasoning.ts';
import { apiUrl, authHeaders, type ChatEndpoint, rootUrl } from './endpoint-url.ts';

export type { ChatEndpoint } from './endpoint-url.ts';

const STALL_SECONDS = 120;
const TOKENIZE_TIMEOUT_MS = 5000;
const MAX_EVENT_CHARS = 8 * 1024 * 1024;
const MAX_ERROR_CHARS = 64 * 1024;

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly sampling: Sampling;
  /** Ask our embedded server for bit-identical answers (its default); false lets a chat reuse its beginning. */
  readonly strict?: boolean;
}

export interface ChatOptions {
  readonly signal?: AbortSignal;
  readonly onDelta?: (delta: Split) => void;
  /** Seconds without a byte after which the server counts as hanging. */
  readonly stallSeconds?: number;
}

export interface ChatResult extends Split {
  /** `cancelled`: the signal aborted; text and usage are what had come until then. */
  readonly finish: 'stop' | 'length' | 'cancelled';
  /** Null when the server does not tell. */
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | null;
  /** Pieces that carried text: the number of tokens on most servers. */
  readonly pieces: number;
  /** From the request to the first piece of text or reasoning; null when none came. */
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
  /** Between first and last token; null below two tokens. */
  readonly tokensPerSecond: number | null;
  /** When each piece came (ms since the request) and how many UTF-16 units of text and reasoning it brought. */
  readonly stream: { readonly atMs: readonly number[]; readonly chars: readonly number[] };
}

/**
 * Asks an OpenAI-compatible server and streams its answer; reasoning (`reasoning_content` or `<think>`) is kept apart.
 * Errors, never with a key in them: `permission` (401), `not-found` (404), `busy` (429), `invalid` (400), `unavailable`
 * (5xx, refused, error in the stream), `network` (unreachable, cut), `timeout` (stalled), `corrupt` (not the protocol).
 */
export async function streamChat(
  endpoint: ChatEndpoint,
  request: ChatRequest,
  options: ChatOptions = {},
): Promise<ChatResult> {
  const answer = new AnswerCollector(endpoint, options.onDelta);
  const watchdog = new Watchdog(options.stallSeconds ?? STALL_SECONDS, options.signal);
  try {
    const response = await fetch(apiUrl(endpoint, 'chat/completions'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...authHeaders(endpoint) },
      body: JSON.stringify(requestBody(endpoint, request)),
      // A key must not follow a redirect to a host nobody approved.
      redirect: 'error',
      signal: watchdog.signal,
    });
    watchdog.feed();
    if (!response.ok) throw statusFault(endpoint, response, (await readText(response)).slice(0, MAX_ERROR_CHARS));
    if (response.headers.get('content-type')?.includes('application/json')) answer.whole(await readText(response));
    else await readEvents(response, answer, () => watchdog.feed());
    return answer.result();
  } catch (error) {
    if (options.signal?.aborted) return answer.cancelled();
    if (watchdog.stalled) throw stallFault(endpoint, watchdog.seconds);
    throw isConnectionError(error) ? connectionFault(endpoint, error, answer.began) : error;
  } finally {
    watchdog.stop();
  }
}

function requestBody(endpoint: ChatEndpoint, { messages, sampling, strict }: ChatRequest): unknown {
  return {
    model: endpoint.model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature: sampling.temperature,
    seed: sampling.seed,
    max_tokens: sampling.maxTokens,
    ...(sampling.repetitionPenalty === undefined ? {} : { repetition_penalty: sampling.repetitionPenalty }),
    ...(strict === undefined ? {} : { ragtui: { strict } }),
  };
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
  const timeout = AbortSignal.timeout(TOKENIZE_TIMEOUT_MS);
  try {
    const response = await fetch(rootUrl(endpoint, 'tokenize'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authHeaders(endpoint) },
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

async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (response.ok) throw error;
    return '';
  }
}

async function readEvents(response: Response, answer: AnswerCollector, onBytes: () => void): Promise<void> {
  const parser = createParser({ onEvent: ({ data }) => answer.event(data), onComment: () => answer.comment() });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    onBytes();
    const text = decoder.decode(bytes, { stream: true });
    answer.received(text.length);
    parser.feed(text);
    if (answer.done) return;
  }
  // A server that ends its last event without the blank line.
  parser.feed(`${decoder.decode()}\n\n`);
}

/** fetch throws a TypeError when the connection fails; an aborted or cut body throws other plain errors. */
const isConnectionError = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'TypeError' || error.name === 'AbortError' || 'code' in error) &&
  error.name !== 'RagtuiError';

const deltaSchema = z.object({
  content: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
});
const usageSchema = z.object({ prompt_tokens: z.number().int(), completion_tokens: z.number().int() });
const chunkSchema = z.object({
  choices: z
    .array(
      z.object({ delta: deltaSchema.nullish(), message: deltaSchema.nullish(), finish_reason: z.string().nullish() }),
    )
    .default([]),
  usage: usageSchema.nullish(),
});
const errorSchema = z.object({ error: z.unknown().refine((error) => error !== null && error !== undefined) });

/** Gathers one answer from the events of a stream. */
class AnswerCollector {
  done = false;
  began = false;
  readonly #endpoint: ChatEndpoint;
  readonly #onDelta: ((delta: Split) => void) | undefined;
  readonly #splitter = new ReasoningSplitter();
  readonly #startedAt = performance.now();
  #text = '';
  #reasoning = '';
  #finish: 'stop' | 'length' | undefined;
  #usage: ChatResult['usage'] = null;
  #pieces = 0;
  readonly #atMs: number[] = [];
  readonly #chars: number[] = [];
  #firstAt: number | undefined;
  #lastAt = 0;
  #events = 0;
  #sinceEvent = 0;

  constructor(endpoint: ChatEndpoint, onDelta: ((delta: Split) => void) | undefined) {
    this.#endpoint = endpoint;
    this.#onDelta = onDelta;
  }

  received(characters: number): void {
    this.began = true;
    this.#sinceEvent += characters;
    if (this.#sinceEvent > MAX_EVENT_CHARS) throw protocolFault(this.#endpoint, 'sends a message without an end');
  }

  comment(): void {
    this.#sinceEvent = 0;
  }

  event(data: string): void {
    this.#events += 1;
    this.#sinceEvent = 0;
    if (data.trim() === '[DONE]') {
      this.done = true;
      return;
    }
    const json = parseJson(data);
    if (errorSchema.safeParse(json).success) throw streamFault(this.#endpoint, data);
    const chunk = chunkSchema.safeParse(json);
    if (!chunk.success) throw protocolFault(this.#endpoint, 'sent an event that is no chat completion');
    this.#take(chunk.data);
  }

  /** A server that does not stream answers in one piece. */
  whole(body: string): void {
    this.began = true;
    this.event(body);
    this.done = true;
  }

  #take({ choices, usage }: z.infer<typeof chunkSchema>): void {
    const [choice] = choices;
    const delta = choice?.delta ?? choice?.message;
    const content = delta?.content ?? '';
    const reasoning = delta?.reasoning_content ?? delta?.reasoning ?? '';
    if (content || reasoning) {
      this.#pieces += 1;
      this.#lastAt = performance.now();
      this.#firstAt ??= this.#lastAt;
      this.#atMs.push(Math.round((this.#lastAt - this.#startedAt) * 10) / 10);
      this.#chars.push(content.length + reasoning.length);
      const split = this.#splitter.push(content);
      this.#show({ text: split.text, reasoning: reasoning + split.reasoning });
    }
    if (choice?.finish_reason) this.#finish = choice.finish_reason === 'length' ? 'length' : 'stop';
    if (usage) this.#usage = { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
  }

  #show(split: Split): void {
    this.#text += split.text;
    this.#reasoning += split.reasoning;
    if (split.text || split.reasoning) this.#onDelta?.(split);
  }

  result(): ChatResult {
    if (!this.#finish) {
      if (this.#events === 0) throw protocolFault(this.#endpoint, 'sent an answer without a single event');
      if (!this.done) throw connectionFault(this.#endpoint, new Error('the stream ended early'), true);
      if (this.#pieces === 0) throw protocolFault(this.#endpoint, 'sent an answer with nothing in it');
    }
    return this.#built(this.#finish ?? 'stop');
  }

  cancelled(): ChatResult {
    return this.#built('cancelled');
  }

  #built(finish: ChatResult['finish']): ChatResult {
    this.#show(this.#splitter.end());
    const orphan = this.#reasoning ? { text: this.#text, reasoning: this.#reasoning } : splitReasoning(this.#text);
    const tokens = this.#usage?.completionTokens ?? this.#pieces;
    const seconds = this.#firstAt === undefined ? 0 : (this.#lastAt - this.#firstAt) / 1000;
    return {
      ...orphan,
      finish,
      usage: this.#usage,
      pieces: this.#pieces,
      firstTokenMs: this.#firstAt === undefined ? null : this.#firstAt - this.#startedAt,
      totalMs: performance.now() - this.#startedAt,
      tokensPerSecond: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null,
      stream: { atMs: this.#atMs, chars: this.#chars },
    };
  }
}

/** Aborts when nothing was heard for a while, or with the caller's signal. */
class Watchdog {
  stalled = false;
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(seconds: number, signal: AbortSignal | undefined) {
    this.seconds = seconds;
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal;
    this.feed();
  }

  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.seconds * 1000);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
