import type { IndexRow } from '../../db/index-table.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { IndexSet } from '../index/index-set.ts';
import type { Projections } from '../projection/projections.ts';
import type { ParsedParams } from '../protocol.ts';
import { requireKb, type StoreContext } from '../store/context.ts';
import { documentName, requireGroup } from '../store/documents.ts';
import type { Hit, SearchMode, SearchResult } from '../types.ts';
import { type Candidate, retrieve } from './arms.ts';
import { isRelevant } from './relevance.ts';
import { askServer } from './server-arm.ts';

/** Makes a query's vector. `fingerprint` tells which embedder really made it. */
export interface QueryEmbedder {
  embed(embedder: string, text: string, instruction: boolean): Promise<{ vector: Float32Array; fingerprint: string }>;
}
/** Makes the vectors of texts as passages, one text at a time, as metrics compare them. */
export interface TextEmbedder {
  embedTexts(embedder: string, texts: readonly string[]): Promise<{ vectors: Float32Array[]; fingerprint: string }>;
}
export interface Reranker {
  /** One score per text, larger is better. */
  rerank(reranker: string, query: string, texts: readonly string[]): Promise<number[]>;
}
export interface Retrieval {
  readonly context: StoreContext;
  readonly indexes: IndexSet;
  readonly projections: Projections;
  readonly embedder: QueryEmbedder;
  readonly reranker: Reranker;
}

const RERANK_DEPTH = 20;

interface Target {
  readonly index: IndexRow;
  readonly embedder: string;
}
/** Answers a search: embeds the query, asks the arms in one read transaction, fuses, reranks. */
export async function search(retrieval: Retrieval, params: ParsedParams<'search'>): Promise<SearchResult> {
  const { context } = retrieval;
  const kb = requireKb(context.read, params.kb);
  const group = requireGroup(context, kb, params.group);
  const target = params.mode === 'bm25' ? undefined : findTarget(context, kb, group, params.embedder);
  if (params.mode === 'vector' && !target) throw noVectors(kb.name);
  const mode: SearchMode = target ? params.mode : 'bm25';

  const embedStart = performance.now();
  const query = target ? await queryVector(retrieval, target, params) : undefined;
  const open = target ? await retrieval.indexes.get(target.index) : undefined;
  const retrieveStart = performance.now();
  const depth = params.reranker ? Math.max(params.topK, RERANK_DEPTH) : params.topK;
  const asked =
    target && query
      ? await askServer(context, retrieval.projections, {
          kb: kb.id,
          index: target.index,
          mode,
          query,
          filter: params.filter,
          depth,
        })
      : undefined;
  const found = context.read.db.transaction(() =>
    retrieve(context, {
      mode,
      kb: kb.id,
      group: group.id,
      open,
      query,
      fromServer: asked?.holds() ? asked.slots : undefined,
      text: params.query,
      filter: params.filter,
      depth,
    }),
  )();
  const rerankStart = performance.now();
  const ranked = params.reranker
    ? await rerank(retrieval, params.reranker, params.query, found.candidates)
    : found.candidates;
  const end = performance.now();
  return {
    hits: ranked.slice(0, params.topK).map(toHit),
    embedder: target?.embedder ?? null,
    group: group.name,
    mode,
    search: found.kind,
    ...(asked && {
      server: {
        name: asked.server,
        answered: found.kind === 'server',
        why: asked.why ?? (found.kind === 'server' ? null : 'texts changed while it was asked'),
      },
    }),
    ...(found.kind !== 'server' && open && open.waiting > 0 && { unindexed: open.waiting }),
    timing: {
      embeddingMs: retrieveStart - embedStart,
      retrievalMs: rerankStart - retrieveStart,
      rerankMs: end - rerankStart,
    },
    relevant: ranked.length > 0 && isRelevant(found.evidence()),
  };
}

function findTarget(
  context: StoreContext,
  kb: { id: number; name: string },
  group: { id: number },
  name: string | undefined,
): Target | undefined {
  const embedders = context.read.kb.embedders(kb.id);
  const embedder = name === undefined ? embedders[0] : embedders.find((entry) => entry.name === name);
  if (!embedder) {
    if (name === undefined) return undefined;
    throw new RagtuiError(
      'not-found',
      `"${kb.name}" has no embedder "${name}".`,
      `It has: ${embedders.map((entry) => entry.name).join(', ') || 'none'}.`,
    );
  }
  if (embedder.embedder_id === null) return undefined;
  const index = context.read.index.find(group.id, embedder.embedder_id);
  return index ? { index, embedder: embedder.name } : undefined;
}

function noVectors(kb: string): RagtuiError {
  return new RagtuiError(
    'invalid',
    `"${kb}" has no vectors to search.`,
    `Ingest with an embedder, or search with --mode bm25.`,
  );
}

async function queryVector(
  retrieval: Retrieval,
  target: Target,
  params: ParsedParams<'search'>,
): Promise<Float32Array> {
  const { vector, fingerprint } = await retrieval.embedder.embed(target.embedder, params.query, params.instruction);
  const known = retrieval.context.read.kb.embedderByFingerprint(Buffer.from(fingerprint, 'hex'));
  if (known?.id !== target.index.embedder_id || vector.length !== target.index.dim) {
    throw new RagtuiError(
      'invalid',
      `The embedder ${target.embedder} has changed since "${params.kb}" was embedded: its vectors cannot be compared.`,
      `Ingest again: ragtui ingest PATH --kb ${params.kb}`,
    );
  }
  return vector;
}

async function rerank(
  retrieval: Retrieval,
  reranker: string,
  query: string,
  candidates: readonly Candidate[],
): Promise<Candidate[]> {
  const texts = candidates.map((candidate) => candidate.row.text);
  const scores = await retrieval.reranker.rerank(reranker, query, texts);
  return candidates
    .map((candidate, at) => ({ ...candidate, score: scores[at] ?? 0, scoreKind: 'rerank' as const }))
    .sort((a, b) => b.score - a.score || a.row.id - b.row.id);
}

function toHit({ row, score, scoreKind, arms }: Candidate, at: number): Hit {
  return {
    rank: at + 1,
    text: row.text,
    document: documentName(row),
    title: row.title === '' ? row.doc_title : row.title,
    start: row.start_off,
    end: row.end_off,
    score,
    scoreKind,
    documentId: row.doc_id,
    chunkId: row.id,
    arms,
  };
}
