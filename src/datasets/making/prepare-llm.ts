import { connectKb } from '../../kb/client.ts';
import { costOf } from '../../models/endpoint-cost.ts';
import { findModel, listAdapters, listEndpoints } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { estimateTokens } from '../../rag/fit.ts';
import type { Message } from '../../rag/types.ts';
import { isServed } from '../../serving/resolve.ts';
import { parseLlm } from '../../serving/servers.ts';
import { datasetSlug } from '../layout.ts';
import { openQaDataset } from '../open.ts';
import { planLabels } from './label.ts';
import { synthesisPrompt } from './prompts.ts';
import { planSynthesis } from './synthesize.ts';
import type { MakingOf } from './types.ts';

/** What a job with an LLM would do. */
export interface LlmPlan {
  /** Requests at most. */
  readonly ask: number;
  /** Estimated by us. */
  readonly promptTokens: number;
  /** In words, for prompts and the longest replies; null where the endpoint has no prices. */
  readonly cost: string | null;
  /** The first request. */
  readonly first: readonly Message[];
  readonly [detail: string]: unknown;
}

export interface Prepared<M> {
  readonly making: M;
  readonly models: readonly string[];
  readonly plan: LlmPlan;
}

interface Common {
  readonly llm: string;
  readonly name?: string | undefined;
  readonly kb?: string | undefined;
  readonly group?: string | undefined;
  readonly seed: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly concurrency: number;
}

export interface SynthesisWish extends Common {
  readonly count: number;
  readonly perChunk: number;
  readonly chunks?: number | undefined;
  readonly language: 'auto' | 'en' | 'zh';
}

/** The work of a job that writes questions about a knowledge base. Errors: `usage`, `not-found`, `invalid`. */
export async function prepareSynthesis(
  paths: WorkspacePaths,
  wish: SynthesisWish,
  signal: AbortSignal,
): Promise<Prepared<MakingOf<'synthesize'>>> {
  if (wish.kb === undefined) {
    throw new RagtuiError('usage', 'Questions are about a knowledge base.', 'Name it: --kb NAME.');
  }
  checkLlm(paths, wish.llm);
  const as = wish.name ?? `${wish.kb}-questions`;
  datasetSlug(as);
  const { llm, count, perChunk, language, seed, temperature, maxTokens, concurrency } = wish;
  const making = {
    what: 'synthesize' as const,
    ...{ kb: wish.kb, group: wish.group ?? null, llm, count, as, seed, language, perChunk },
    ...{ chunks: wish.chunks ?? null, temperature, maxTokens, concurrency },
  };
  const kb = await connectKb(paths, { signal });
  try {
    await kb.call('kb.show', { kb: wish.kb });
    const { chunks, short } = await planSynthesis(kb, making, signal);
    const prompts = chunks.map((one) => synthesisPrompt(one.language, one.chunk.text, perChunk));
    return {
      making,
      models: modelsOf(paths, llm),
      plan: {
        ...{ from: `knowledge base ${wish.kb}`, to: as, llm, questions: count },
        chunks: `${chunks.length} long enough to ask about, ${short} too short`,
        ...planned(paths, making, prompts),
      },
    };
  } finally {
    await kb.close();
  }
}

/** The work of a job that answers the questions of a dataset that have no answer. Errors: `usage`, `not-found`, `invalid`. */
export async function prepareLabels(
  paths: WorkspacePaths,
  wish: Common & { readonly dataset: string; readonly split: string },
  signal: AbortSignal,
): Promise<Prepared<MakingOf<'label'>>> {
  checkLlm(paths, wish.llm);
  const dataset = openQaDataset(paths, wish.dataset);
  const { name: from, version } = dataset.manifest;
  const as = wish.name ?? `${from}-answered`;
  datasetSlug(as);
  const { llm, seed, temperature, maxTokens, concurrency } = wish;
  const making = {
    what: 'label' as const,
    ...{ dataset: from, version, part: wish.split, as, llm },
    kb: wish.kb === undefined ? null : { name: wish.kb, group: wish.group ?? null },
    ...{ seed, temperature, maxTokens, concurrency },
  };
  const { prompts, unanswered, lookedUp } = await planLabels(paths, making, signal);
  return {
    making,
    models: modelsOf(paths, llm),
    plan: {
      ...{ from: `${from} ${version} (${wish.split})`, to: as, llm },
      questions: `${unanswered} without an answer, ${lookedUp} of them without a context`,
      ...planned(paths, making, prompts, unanswered),
    },
  };
}

function planned(
  paths: WorkspacePaths,
  { llm, maxTokens }: { readonly llm: string; readonly maxTokens: number },
  prompts: readonly Message[][],
  ask: number = prompts.length,
): Pick<LlmPlan, 'ask' | 'promptTokens' | 'cost' | 'first'> {
  const known = prompts.reduce((sum, messages) => sum + estimateTokens(messages), 0);
  const promptTokens = prompts.length === 0 ? 0 : Math.round((known * ask) / prompts.length);
  const { prices } = listEndpoints(paths).find(({ name }) => name === llm) ?? {};
  const cost = costOf(prices, { promptTokens, completionTokens: ask * maxTokens });
  return {
    ask,
    promptTokens,
    cost: cost && `at most ${cost.amount.toFixed(2)} ${cost.currency}`,
    first: prompts[0] ?? [],
  };
}

function checkLlm(paths: WorkspacePaths, llm: string): void {
  const { name } = parseLlm(llm);
  const endpoint = listEndpoints(paths).find((one) => one.name === llm);
  if (endpoint?.kind === 'chat' || isServed(paths, llm)) return;
  if (listAdapters(paths).some((one) => one.name === name)) return;
  const kind = endpoint?.kind ?? findModel(paths, name).kind;
  if (kind === 'chat') return;
  throw new RagtuiError('usage', `"${llm}" is no LLM but a model of kind ${kind}.`, 'See "ragtui models list".');
}

const modelsOf = (paths: WorkspacePaths, llm: string): string[] => (isServed(paths, llm) ? [] : [parseLlm(llm).name]);
