import { createHash } from 'node:crypto';
import type { Column } from '../types.ts';

/** What really answered: names stand for other things later. */
export interface Behind {
  /** The embedder that was asked; null = none, or not known. */
  readonly embedder?: string | null;
  /** Digest of the LLM's weights; null = not known. */
  readonly digest?: string | null;
}

/**
 * Names a column by what it does, not by how it is called: a hash (12 hex digits) of its settings and of the weights
 * behind its LLM. What has no effect is left out: retrieval of a column that reads the gold passage, the embedder of
 * `bm25`, the prompt of a column without an LLM. Pure.
 */
export function columnKey(column: Column, behind: Behind = {}): string {
  const asks = column.llm !== 'none';
  const searches = column.context === 'retrieved';
  const embeds = searches && column.mode !== 'bm25';
  const settings = [
    column.context,
    asks ? [column.llm, behind.digest ?? null, column.prompt] : null,
    asks ? samplingOf(column) : null,
    searches ? [column.group ?? null, column.mode, column.topK, column.reranker ?? null] : null,
    embeds ? [behind.embedder ?? column.embedder ?? null, column.instruction] : null,
  ];
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

const samplingOf = ({ sampling }: Column) => [
  sampling.temperature,
  // Greedy decoding draws nothing.
  sampling.temperature === 0 ? null : sampling.seed,
  sampling.maxTokens,
  sampling.repetitionPenalty ?? null,
];
