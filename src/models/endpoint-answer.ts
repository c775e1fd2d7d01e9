import { z } from 'zod';
import { parseJson } from '../platform/json.ts';
import { connectionFault } from './endpoint-connection.ts';
import { EndpointFault, protocolFault, streamFault } from './endpoint-faults.ts';
import { KeyMask } from './endpoint-mask.ts';
import { ReasoningSplitter, type Split, splitReasoning } from './endpoint-reasoning.ts';
import { type ChatEndpoint, shownUrl } from './endpoint-url.ts';

const MAX_EVENT_CHARS = 8 * 1024 * 1024;

/** What a server says an answer took. */
export interface ChatUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the prompt's, those that were in the server's cache; absent where it does not tell. */
  readonly cachedTokens?: number | undefined;
}

export interface CollectedAnswer extends Split {
  /** `cancelled`: the signal aborted; `filtered`: the provider's content filter ended it. Text and usage are what had come. */
  readonly finish: 'stop' | 'length' | 'cancelled' | 'filtered';
  /** Null when the server does not tell. */
  readonly usage: ChatUsage | null;
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

const callSchema = z.object({ function: z.object({ name: z.string().nullish() }).nullish() });
const deltaSchema = z.object({
  content: z.string().nullish(),
  /** What OpenAI's models say instead of an answer they refuse to give. */
  refusal: z.string().nullish().catch(null),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(callSchema).nullish().catch(null),
});
const count = z.number().int().nonnegative();
const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish().catch(null),
  /** DeepSeek's name for it. */
  prompt_cache_hit_tokens: count.nullish().catch(null),
});
/** A count that is none is as good as no count: it is estimated. */
const maybeUsage = usageSchema.nullish().catch(null);
const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: deltaSchema.nullish(),
        message: deltaSchema.nullish(),
        finish_reason: z.string().nullish(),
        /** Where Moonshot puts it. */
        usage: maybeUsage,
      }),
    )
    .default([]),
  usage: maybeUsage,
});
/** Asked of every event, so without a schema: that answers no with an error object each time. */
const isErrorEvent = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'error' in json && json.error !== null && json.error !== undefined;

const LENGTH = new Set(['length', 'max_tokens', 'model_length']);
const FILTERED = new Set(['content_filter', 'sensitive', 'safety', 'SAFETY']);
/** The server gave up: the answer is not whole. */
const BROKEN = new Set(['error', 'abort', 'network_error', 'insufficient_system_resource', 'system_error']);

/** Gathers one answer from the events of a stream. */
export class AnswerCollector {
  done = false;
  /** Bytes have come. */
  began = false;
  readonly #endpoint: ChatEndpoint;
  readonly #onDelta: ((delta: Split) => void) | undefined;
  readonly #splitter = new ReasoningSplitter();
  readonly #textMask: KeyMask;
  readonly #reasoningMask: KeyMask;
  readonly #startedAt = performance.now();
  #text = '';
  #reasoning = '';
  #finish: string | undefined;
  #tool: string | undefined;
  #usage: ChatUsage | null = null;
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
    this.#textMask = new KeyMask(endpoint.key);
    this.#reasoningMask = new KeyMask(endpoint.key);
  }

  /** The server said why the answer ends: what comes after is only bookkeeping. */
  get finished(): boolean {
    return this.#finish !== undefined;
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
    if (isErrorEvent(json)) throw streamFault(this.#endpoint, data);
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
    const content = delta?.content || delta?.refusal || '';
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
    for (const call of delta?.tool_calls ?? []) this.#tool ??= call.function?.name ?? 'one without a name';
    if (choice?.finish_reason) this.#finish = choice.finish_reason;
    const said = usage ?? choice?.usage;
    if (said) this.#usage = usageOf(said);
  }

  #show(split: Split): void {
    this.#put({ text: this.#textMask.push(split.text), reasoning: this.#reasoningMask.push(split.reasoning) });
  }

  #put(split: Split): void {
    this.#text += split.text;
    this.#reasoning += split.reasoning;
    if (split.text || split.reasoning) this.#onDelta?.(split);
  }

  /** The answer, or the fault that it is none. */
  result(): CollectedAnswer {
    const at = shownUrl(this.#endpoint);
    if (this.#tool !== undefined && this.#text.trim() === '') {
      throw new EndpointFault(
        'unsupported',
        `${this.#endpoint.model} wants to call a tool (${this.#tool.slice(0, 60)}) instead of answering.`,
        'Use a model or server setting that answers in text: no tools were offered.',
      );
    }
    if (this.#finish !== undefined && BROKEN.has(this.#finish)) {
      throw new EndpointFault(
        'unavailable',
        `${at} gave up in the middle of an answer (${this.#finish}).`,
        'Look at its log, then ask again.',
      );
    }
    if (this.#finish === undefined) {
      if (this.#events === 0) throw protocolFault(this.#endpoint, 'sent an answer without a single event');
      if (!this.done) throw connectionFault(this.#endpoint, new Error('the stream ended early'), true);
      if (this.#pieces === 0) throw protocolFault(this.#endpoint, 'sent an answer with nothing in it');
    }
    const finish = this.#finish ?? 'stop';
    return this.#built(LENGTH.has(finish) ? 'length' : FILTERED.has(finish) ? 'filtered' : 'stop');
  }

  cancelled(): CollectedAnswer {
    return this.#built('cancelled');
  }

  #built(finish: CollectedAnswer['finish']): CollectedAnswer {
    this.#show(this.#splitter.end());
    this.#put({ text: this.#textMask.end(), reasoning: this.#reasoningMask.end() });
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

function usageOf(said: z.infer<typeof usageSchema>): ChatUsage {
  const cached = said.prompt_tokens_details?.cached_tokens ?? said.prompt_cache_hit_tokens;
  return {
    promptTokens: said.prompt_tokens,
    completionTokens: said.completion_tokens,
    ...(cached === null || cached === undefined ? {} : { cachedTokens: Math.min(cached, said.prompt_tokens) }),
  };
}
