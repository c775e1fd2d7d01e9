import type { KbClient, Params } from '../kb/protocol.ts';
import type { SearchResult } from '../kb/types.ts';
import { type ChatResult, countTokens, streamChat } from '../models/endpoint.ts';
import { costOf } from '../models/endpoint-cost.ts';
import type { Prices } from '../models/types.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { ResolvedLlm, ResolveLlm } from '../serving/resolve.ts';
import { estimateTokens, type Fitted, fitPrompt } from './fit.ts';
import { responseFormatOf } from './output-format.ts';
import type { PromptTemplate, TemplateText } from './prompts.ts';
import { promptFor } from './trained-prompt.ts';
import type { Answer, AnswerEvent, Message, Pipeline, Sampling } from './types.ts';

export type Search = (params: Params<'search'>, options: { readonly signal?: AbortSignal }) => Promise<SearchResult>;

export interface AnswerDependencies {
  readonly kb: Pick<KbClient, 'call'>;
  /** Searches instead of `kb`: a comparison makes the same search once. */
  readonly search?: Search;
  readonly paths: WorkspacePaths;
  /** `llmResolver(paths)`. */
  readonly resolveLlm: ResolveLlm;
  /** Templates of the settings, by name. */
  readonly prompts?: Readonly<Record<string, TemplateText>>;
}

export interface AnswerRequest {
  readonly question: string;
  readonly pipeline: Pipeline;
  /** Earlier questions and answers, oldest first. */
  readonly thread?: readonly Message[];
  /** Bit-identical at temperature 0 on the embedded engine. Default: without a thread. */
  readonly strict?: boolean;
  /** What the LLM is given to read instead of what a search finds: a gold passage, or nothing. */
  readonly passages?: readonly string[];
}

export interface AnswerOptions {
  readonly signal?: AbortSignal;
  /** What is being waited for before the first word, in words. */
  readonly onStatus?: (text: string) => void;
}

/**
 * Small embedded models otherwise say one sentence again and again. Only in a conversation with our own prompt: what is
 * measured (strict by request: comparison, evaluation) is sampled as it was asked for.
 */
const CHAT_REPETITION_PENALTY = 1.1;

/** `llm: 'none'` only retrieves. */
const NO_LLM = 'none';

/**
 * Retrieves, builds the prompt, streams the answer. Always ends with `done`; a cancel gives an answer that says so, with
 * what had come. Without a single hit the LLM is not asked. Errors: those of search, `findPrompt`, `fitPrompt`, the LLM.
 */
export async function* answer(
  deps: AnswerDependencies,
  request: AnswerRequest,
  options: AnswerOptions = {},
): AsyncGenerator<AnswerEvent> {
  const left = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
  const draft = new Draft(request);
  try {
    const template = promptFor(deps.paths, request.pipeline.prompt, request.pipeline.llm, deps.prompts);
    const asksLlm = request.pipeline.llm !== NO_LLM;
    // A server that must start does so while we search.
    const llm = asksLlm ? deps.resolveLlm(request.pipeline.llm, { ...options, signal }) : undefined;
    llm?.catch(() => {});

    if (!request.passages) {
      const search: Search = deps.search ?? ((params, how) => deps.kb.call('search', params, how));
      draft.search = await search(searchParams(request), { signal });
      yield { type: 'retrieved', search: draft.search };
    }
    const passages = request.passages ?? draft.search?.hits.map((hit) => hit.text) ?? [];
    if (llm && (request.passages || passages.length > 0)) {
      const endpoint = await llm;
      draft.strict = endpoint.embedded ? (request.strict ?? !request.thread?.length) : undefined;
      const prompt = await makePrompt(endpoint, request, passages, template.build, signal);
      draft.prompt = prompt;
      draft.sampling = samplingFor(request, endpoint);
      yield { type: 'prompt', messages: prompt.messages, promptTokens: prompt.promptTokens, cut: prompt.cut };
      draft.prices = endpoint.prices;
      yield* talk(endpoint, prompt.messages, draft, { ...options, signal });
    }
  } catch (error) {
    if (!options.signal?.aborted) throw toRagtuiError(error);
    draft.cancelled = true;
  } finally {
    left.abort();
  }
  yield { type: 'done', answer: draft.finish() };
}

function samplingFor({ pipeline, strict }: AnswerRequest, { embedded }: ResolvedLlm): Sampling {
  const { prompt, sampling } = pipeline;
  const talks = embedded && strict === undefined && prompt === 'default' && sampling.repetitionPenalty === undefined;
  return talks ? { ...sampling, repetitionPenalty: CHAT_REPETITION_PENALTY } : sampling;
}

function searchParams({ question, pipeline }: AnswerRequest) {
  const { kb, group, embedder, mode, topK, instruction, reranker, filter } = pipeline;
  return {
    kb,
    query: question,
    mode,
    topK,
    instruction,
    filter,
    ...(group === undefined ? {} : { group }),
    ...(embedder === undefined ? {} : { embedder }),
    ...(reranker === undefined ? {} : { reranker }),
  };
}

type Prompt = Omit<Fitted, 'promptTokens'> & { readonly promptTokens: number | null };

async function makePrompt(
  endpoint: ResolvedLlm,
  { question, pipeline, thread = [] }: AnswerRequest,
  passages: readonly string[],
  build: PromptTemplate['build'],
  signal: AbortSignal,
): Promise<Prompt> {
  const whole = build({ passages, question, thread });
  const contextTokens =
    endpoint.contextTokens ?? (await countTokens(endpoint, whole, { signal }))?.contextTokens ?? null;
  signal.throwIfAborted();
  // Only the server knows its limit: it will say so if the prompt is too long.
  if (contextTokens === null) return { messages: whole, promptTokens: null, cut: '' };
  const budget = contextTokens - pipeline.sampling.maxTokens;
  if (budget < 1) {
    throw new RagtuiError(
      'invalid',
      `An answer of ${pipeline.sampling.maxTokens} tokens leaves no room for a prompt in ${contextTokens}.`,
      'Lower the length of the answer.',
    );
  }
  return fitPrompt({
    passages,
    thread,
    build: (kept, turns) => build({ passages: kept, question, thread: turns }),
    count: async (messages) => {
      signal.throwIfAborted();
      return (await countTokens(endpoint, messages, { signal }))?.count ?? estimateTokens(messages);
    },
    budget,
  });
}

async function* talk(
  endpoint: ResolvedLlm,
  messages: readonly Message[],
  draft: Draft,
  options: AnswerOptions,
): AsyncGenerator<AnswerEvent> {
  const { sampling } = draft;
  const events: AnswerEvent[] = [];
  let ring = () => {};
  const chat = streamChat(
    endpoint,
    {
      messages,
      sampling,
      responseFormat: responseFormatOf(draft.request.pipeline.format),
      ...(draft.strict === undefined ? {} : { strict: draft.strict }),
    },
    {
      ...options,
      onDelta: (delta) => {
        events.push({ type: 'delta', ...delta });
        ring();
      },
    },
  );
  let over = false;
  const ended = chat.finally(() => {
    over = true;
    ring();
  });
  ended.catch(() => {});
  for (;;) {
    const event = events.shift();
    if (event) yield event;
    else if (over) break;
    else await new Promise<void>((resolve) => (ring = resolve));
  }
  draft.result = await chat;
}

/** What is known of the answer so far. */
class Draft {
  search: SearchResult | undefined;
  prompt: Prompt | undefined;
  result: ChatResult | undefined;
  strict: boolean | undefined;
  prices: Prices | undefined;
  cancelled = false;
  sampling: Sampling;
  readonly request: AnswerRequest;
  readonly #startedAt = performance.now();

  constructor(request: AnswerRequest) {
    this.request = request;
    this.sampling = request.pipeline.sampling;
  }

  finish(): Answer {
    const { search, prompt, result, request } = this;
    const usage = this.#usage();
    return {
      question: request.question,
      answer: result?.text ?? '',
      reasoning: result?.reasoning ?? '',
      finish: this.cancelled ? 'cancelled' : (result?.finish ?? 'stop'),
      pipeline: { ...request.pipeline, sampling: this.sampling },
      hits: search?.hits ?? [],
      relevant: search?.relevant ?? request.passages !== undefined,
      messages: prompt?.messages ?? [],
      cut: prompt?.cut ?? '',
      usage,
      timing: {
        embeddingMs: search?.timing.embeddingMs ?? 0,
        retrievalMs: search?.timing.retrievalMs ?? 0,
        firstTokenMs: result?.firstTokenMs ?? null,
        totalMs: performance.now() - this.#startedAt,
        tokensPerSecond: result?.tokensPerSecond ?? null,
        ...gapsOf(result?.stream.atMs ?? []),
      },
      ...(result ? { stream: { atMs: [...result.stream.atMs], chars: [...result.stream.chars] } } : {}),
      cost: result ? costOf(this.prices, usage) : null,
      retries: result?.retries ?? 0,
      ...(result && result.notSent.length > 0 ? { notSent: [...result.notSent] } : {}),
      models: { llm: request.pipeline.llm, embedder: search?.embedder ?? null },
      ...(this.strict === undefined ? {} : { strict: this.strict }),
    };
  }

  #usage(): Answer['usage'] {
    const { prompt, result } = this;
    if (result?.usage) return result.usage;
    if (!prompt) return { promptTokens: 0, completionTokens: 0 };
    return {
      promptTokens: prompt.promptTokens ?? estimateTokens(prompt.messages),
      completionTokens: result?.pieces ?? 0,
      estimated: true,
    };
  }
}

/** Median and 95th percentile of the gaps between pieces, nearest rank; null below two pieces. */
export function gapsOf(atMs: readonly number[]): { gapP50Ms: number | null; gapP95Ms: number | null } {
  const gaps = atMs.slice(1).map((at, index) => at - (atMs[index] ?? at));
  const sorted = gaps.sort((a, b) => a - b);
  const rank = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
  return { gapP50Ms: rank(0.5), gapP95Ms: rank(0.95) };
}
