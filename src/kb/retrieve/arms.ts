import type { IndexRow } from '../../db/index-table.ts';
import type { FoundChunkRow } from '../../db/listing-table.ts';
import type { Neighbour } from '../index/ann-index.ts';
import type { OpenIndex } from '../index/open-index.ts';
import type { StoreContext } from '../store/context.ts';
import type { Hit, SearchMode, SearchResult } from '../types.ts';
import { type Bm25Terms, queryTerms, searchBm25 } from './bm25.ts';
import { documentTest, type MetadataFilter } from './filter.ts';
import { fuse, type Ranked } from './fuse.ts';
import type { Evidence } from './relevance.ts';

/** Each arm of a hybrid search is asked for so many times the hits wanted, at least `ARM_DEPTH`. */
const ARM_FACTOR = 3;
const ARM_DEPTH = 30;
/** A filter that lets less than this share through is searched exactly; a looser one by asking for more. */
export const SELECTIVE_SHARE = 0.1;
export const OVERFETCH_MAX = 4000;

export interface Question {
  readonly mode: SearchMode;
  readonly kb: number;
  readonly group: number;
  readonly open: OpenIndex | undefined;
  readonly query: Float32Array | undefined;
  /** The nearest vectors as the server of the index told them; without it, the embedded index is asked. */
  readonly fromServer: readonly number[] | undefined;
  readonly text: string;
  readonly filter: MetadataFilter;
  /** How many candidates are wanted. */
  readonly depth: number;
}
export interface Candidate {
  readonly row: FoundChunkRow;
  readonly score: number;
  readonly scoreKind: Hit['scoreKind'];
  readonly arms: Hit['arms'];
}
export interface Found {
  readonly candidates: Candidate[];
  readonly kind: SearchResult['search'];
  /** For the rule of relevance; asked after the clock of the retrieval has stopped. */
  evidence(): Evidence;
}

/** Documents a filter lets through. */
export interface Allowed {
  readonly ids: readonly number[];
  readonly has: ReadonlySet<number>;
  readonly share: number;
}

/** How many each arm is asked for. */
export const armDepth = (mode: SearchMode, depth: number): number =>
  mode === 'hybrid' ? Math.max(ARM_DEPTH, depth * ARM_FACTOR) : depth;

/** Asks the arms and fuses their lists. Runs in one read transaction, without a pause: one state of the database. */
export function retrieve(context: StoreContext, question: Question): Found {
  const { mode, depth } = question;
  const wanted = armDepth(mode, depth);
  const allowed = allowedDocuments(context, question);
  const vectors = mode === 'bm25' ? [] : vectorArm(context, question, wanted, allowed);
  const terms = () => queryTerms(question.text, context.vocabulary.of(question.group));
  const bm25 = mode === 'vector' ? [] : bm25Arm(context, question, terms(), wanted, allowed);
  const candidates: Candidate[] = [];
  for (const entry of fuse([vectors, bm25])) {
    if (candidates.length >= depth) break;
    const row = context.read.listing.liveChunk(entry.id, question.group);
    if (!row) continue;
    const [vector, words] = entry.arms;
    const arms = { ...(vector && { vector }), ...(words && { bm25: words }) };
    if (mode === 'hybrid') candidates.push({ row, score: entry.score, scoreKind: 'rrf', arms });
    else if (vector) candidates.push({ row, score: vector.score, scoreKind: 'cosine', arms });
    else if (words) candidates.push({ row, score: words.score, scoreKind: 'bm25', arms });
  }
  const { open, query } = question;
  return {
    candidates,
    kind: mode === 'bm25' ? 'none' : question.fromServer ? 'server' : (open?.kind ?? 'exact'),
    evidence: () => ({
      best: vectors[0]?.score ?? null,
      usual: open && query && mode !== 'bm25' ? open.usualScores(query) : [],
      terms: terms().all,
      rows: context.vocabulary.of(question.group).rows,
      texts: candidates.map((candidate) => `${candidate.row.title} ${candidate.row.text}`),
    }),
  };
}

export function allowedDocuments(
  context: StoreContext,
  question: Pick<Question, 'kb' | 'filter'>,
): Allowed | undefined {
  const test = documentTest(question.filter);
  if (!test) return undefined;
  const documents = context.read.filter.documents(question.kb);
  const ids = documents.filter(test).map((document) => document.id);
  return { ids, has: new Set(ids), share: ids.length / Math.max(1, documents.length) };
}

/** Vectors found become the live chunks that have their text; the database has the last word on what is live. */
function vectorArm(context: StoreContext, question: Question, depth: number, allowed: Allowed | undefined): Ranked[] {
  const { open, query, group, fromServer } = question;
  if (!open || !query) return [];
  // The server proposes; the vectors of the database score.
  if (fromServer) {
    return chunksOf(context, open.row, open.searchAmong(query, fromServer, fromServer.length), depth, allowed);
  }
  if (!allowed) return chunksOf(context, open.row, open.search(query, depth), depth, undefined);
  if (allowed.ids.length === 0) return [];
  if (allowed.share >= SELECTIVE_SHARE) {
    const asked = Math.min(OVERFETCH_MAX, Math.ceil((2 * depth) / allowed.share));
    const list = chunksOf(context, open.row, open.search(query, asked), depth, allowed);
    if (list.length >= depth) return list;
  }
  const slots = context.read.filter.slots(allowed.ids, group, open.row.embedder_id);
  return chunksOf(context, open.row, open.searchAmong(query, slots, depth), depth, allowed);
}

export function chunksOf(
  context: StoreContext,
  index: Pick<IndexRow, 'group_id' | 'embedder_id'>,
  found: readonly Neighbour[],
  depth: number,
  allowed: Allowed | undefined,
): Ranked[] {
  const slots = found.map((neighbour) => neighbour.slot);
  // A filter may let only the last of many chunks with one text through.
  const limit = allowed ? -1 : depth;
  return context.read.listing
    .liveChunksOfSlots(index.group_id, slots, index.embedder_id, limit)
    .filter((row) => !allowed || allowed.has.has(row.doc_id))
    .slice(0, depth)
    .map((row) => ({ id: row.id, score: found[row.place]?.score ?? 0 }));
}

function bm25Arm(
  context: StoreContext,
  { group }: Question,
  terms: Bm25Terms,
  depth: number,
  allowed: Allowed | undefined,
): Ranked[] {
  const ids = allowed && context.read.filter.chunkIds(allowed.ids, group);
  return searchBm25(context.read, group, terms, depth, ids).map(({ chunkId, score }) => ({ id: chunkId, score }));
}
