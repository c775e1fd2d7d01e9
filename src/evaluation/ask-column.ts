import type { KbClient } from '../kb/protocol.ts';
import type { Hit } from '../kb/types.ts';
import { type ChatResult, countTokens, streamChat } from '../models/endpoint.ts';
import { costOf } from '../models/endpoint-cost.ts';
import { type ErrorCode, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { statusText } from '../platform/status.ts';
import { estimateTokens, fitPrompt } from '../rag/fit.ts';
import { responseFormatOf } from '../rag/output-format.ts';
import type { PromptTemplate } from '../rag/prompts.ts';
import type { Column, Message } from '../rag/types.ts';
import type { ResolvedLlm } from '../serving/resolve.ts';
import type { GoldChunks } from './gold-chunks.ts';
import { answeredState, stateOf } from './item-state.ts';
import { isAway, pause, throughOutages } from './outages.ts';
import { keptHits, type Outcome } from './outcome.ts';
import { type EvaluationItem, hashOf } from './plan.ts';
import type { ItemResult } from './types.ts';

/** A column ready to answer. */
export interface ReadyColumn {
  readonly column: Column;
  readonly template: PromptTemplate;
  /** Null for `llm=none`. */
  readonly llm: {
    readonly endpoint: ResolvedLlm;
    readonly digest: string;
    readonly contextTokens: number | null;
    /** The server again, when it has gone and came back elsewhere. */
    readonly again: () => Promise<ResolvedLlm>;
  } | null;
}

export interface AskDependencies {
  readonly kb: Pick<KbClient, 'call'> | null;
  /** Name of the knowledge base. */
  readonly base: string;
  /** Chunks the metrics look at. */
  readonly depth: number;
  /** Counts what there is to find; null without a knowledge base. */
  readonly gold: Pick<GoldChunks, 'count'> | null;
  readonly signal: AbortSignal;
  /** An answer that is there already, by its key. */
  readonly known: (answerKey: string) => ItemResult | undefined;
  /** Waits between tries of a server of ours that is busy or gone; an endpoint's own client repeats by itself. */
  readonly retryMs: readonly number[];
  /** Between two tries to reach the host of a server of ours; absent: as usual. */
  readonly awayMs?: number;
  /** What a column waits for, in words, whenever it waits. */
  readonly onWait?: (column: string, text: string) => void;
}

export interface Asked {
  readonly outcome: Outcome;
  /** The item whose answer was taken instead of asking. */
  readonly reused: ItemResult | undefined;
}

/** Errors that concern the column and not the item: going on would only repeat them. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'permission',
  'not-found',
  'usage',
  'unsupported',
  'corrupt',
  'disk-full',
]);
const WORTH_ANOTHER_TRY: ReadonlySet<ErrorCode> = new Set(['busy', 'unavailable', 'network']);

/**
 * Puts one question to one column: retrieves, renders, and asks the LLM unless the very same answer is known. What goes
 * wrong with this item is its state; what would go wrong with every item is thrown.
 */
export async function askColumn(deps: AskDependencies, ready: ReadyColumn, item: EvaluationItem): Promise<Asked> {
  const { column, llm } = ready;
  const startedAt = performance.now();
  const hits = column.context === 'retrieved' ? await retrieve(deps, column, item.question) : null;
  const retrievalMs = hits ? performance.now() - startedAt : null;
  const passages = passagesOf(column, item, hits);
  const messages = llm ? ready.template.build({ passages, question: item.question }) : [];
  const answerKey = keyOf(ready, item, hits, messages);
  const found = {
    answerKey,
    retrieved: hits && keptHits(hits),
    topK: column.topK,
    goldChunks: hits ? ((await deps.gold?.count(item.contextId, column.group, deps.signal)) ?? null) : null,
    context: !llm || column.context === 'none' ? null : passages.join(''),
    timing: { retrievalMs, firstTokenMs: null, totalMs: null },
  };
  if (!llm) return { outcome: { ...found, ...NO_ANSWER, state: 'ok' }, reused: undefined };

  const known = deps.known(answerKey);
  if (known) {
    const { output, finish, error, cut, usage, timing } = known;
    const state = stateOf(known);
    // Prices may have been set since.
    const cost = known.cost ?? (usage ? costOf(llm.endpoint.prices, usage) : null);
    return { outcome: { ...found, state, output, finish, error, cut, usage, cost, timing }, reused: known };
  }
  // As in the answer pipeline: without a single hit the LLM is not asked.
  if (hits?.length === 0) return { outcome: { ...found, ...NO_ANSWER, output: '', state: 'empty' }, reused: undefined };
  return { outcome: { ...found, ...(await answer(deps, ready, item, passages, retrievalMs)) }, reused: undefined };
}

const NO_ANSWER = { output: null, finish: null, error: null, cut: '', usage: null } as const;

async function retrieve(deps: AskDependencies, column: Column, question: string): Promise<Hit[]> {
  if (!deps.kb)
    throw new RagtuiError('usage', `The column "${column.name}" retrieves, but no knowledge base is named.`);
  const { mode, instruction, group, embedder, reranker } = column;
  const topK = Math.max(column.topK, deps.depth);
  const params = {
    kb: deps.base,
    query: question,
    mode,
    topK,
    instruction,
    ...(group === undefined ? {} : { group }),
    ...(embedder === undefined ? {} : { embedder }),
    ...(reranker === undefined ? {} : { reranker }),
  };
  return (await deps.kb.call('search', params, { signal: deps.signal })).hits;
}

function passagesOf(column: Column, item: EvaluationItem, hits: readonly Hit[] | null): string[] {
  if (column.context === 'gold') return [item.context];
  return (hits ?? []).slice(0, column.topK).map(({ text }) => text);
}

/** Of everything that determines the answer. The retriever's settings are not in it: what they found is. */
function keyOf({ column, llm }: ReadyColumn, item: EvaluationItem, hits: Hit[] | null, messages: Message[]): string {
  return hashOf({
    question: item.question,
    hits: hits?.map(({ document, text }) => [document, text]) ?? null,
    topK: column.topK,
    messages,
    model: llm && { digest: llm.digest, contextTokens: llm.contextTokens, strict: llm.endpoint.embedded },
    sampling: llm ? column.sampling : null,
    ...(column.format ? { format: column.format } : {}),
  });
}

type Answered = Pick<Outcome, 'state' | 'output' | 'finish' | 'error' | 'cut' | 'usage' | 'cost' | 'timing'>;

async function answer(
  deps: AskDependencies,
  ready: ReadyColumn,
  item: EvaluationItem,
  passages: readonly string[],
  retrievalMs: number | null,
): Promise<Answered> {
  const timing = { retrievalMs, firstTokenMs: null, totalMs: null };
  try {
    const { signal, awayMs } = deps;
    const onStatus = (text: string) => deps.onWait?.(ready.column.name, text);
    const { cut, result } = await throughOutages(
      async () => {
        const fit = await fitted(deps, ready, item, passages);
        return { cut: fit.cut, result: await persistently(deps, ready, fit.messages) };
      },
      { signal, awayMs, onStatus },
    );
    if (result.finish === 'cancelled') throw new RagtuiError('cancelled', 'The run was asked to stop.');
    const { text, finish, usage, firstTokenMs, totalMs } = result;
    const state = answeredState(text, result.finish);
    const cost = usage ? costOf(ready.llm?.endpoint.prices, usage) : null;
    const took = { retrievalMs, firstTokenMs, totalMs };
    return { state, output: text, finish, error: null, cut, usage, cost, timing: took };
  } catch (thrown) {
    const { code, message, hint } = toRagtuiError(thrown);
    if (deps.signal.aborted || code === 'cancelled' || FATAL.has(code)) throw new RagtuiError(code, message, hint);
    return { ...NO_ANSWER, state: code === 'timeout' ? 'timeout' : 'error', error: { code, message }, timing };
  }
}

async function fitted(
  deps: AskDependencies,
  { column, template, llm }: ReadyColumn,
  item: EvaluationItem,
  passages: readonly string[],
): Promise<{ messages: Message[]; cut: string }> {
  const build = (kept: readonly string[]) => template.build({ passages: kept, question: item.question });
  // Only the server knows its limit: it says so if the prompt is too long.
  if (!llm || llm.contextTokens === null) return { messages: build(passages), cut: '' };
  const { signal } = deps;
  return fitPrompt({
    passages,
    thread: [],
    build,
    count: async (messages) =>
      (await countTokens(llm.endpoint, messages, { signal }))?.count ?? estimateTokens(messages),
    budget: Math.max(1, llm.contextTokens - column.sampling.maxTokens),
  });
}

/**
 * Asks a server of ours again, after a pause, while it is busy or gone: it may come back at another address. The client
 * of an endpoint of the user's has repeated already what was worth it (`ChatEndpoint.retries`).
 */
async function persistently(
  deps: AskDependencies,
  { column, llm }: ReadyColumn,
  messages: readonly Message[],
): Promise<ChatResult> {
  if (!llm) throw new RagtuiError('internal', 'A column without an LLM was asked.');
  const strict = llm.endpoint.embedded ? { strict: true } : {};
  const onStatus = (text: string) => deps.onWait?.(column.name, text);
  let endpoint = llm.endpoint;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const request = {
        messages,
        sampling: column.sampling,
        responseFormat: responseFormatOf(column.format),
        ...strict,
      };
      return await streamChat(endpoint, request, { signal: deps.signal, onStatus });
    } catch (error) {
      const wait = deps.retryMs[attempt];
      const { code, message } = toRagtuiError(error);
      const again = endpoint.retries === undefined && WORTH_ANOTHER_TRY.has(code) && !isAway(error);
      if (wait === undefined || deps.signal.aborted || !again) throw error;
      const tries = { attempt: attempt + 2, most: deps.retryMs.length + 1 };
      onStatus(statusText('retry', { seconds: wait / 1000, why: message, ...tries }));
      await pause(wait, deps.signal);
      endpoint = await llm.again();
    }
  }
}
