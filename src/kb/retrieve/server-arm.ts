import type { IndexRow } from '../../db/index-table.ts';
import { errorLine } from '../../platform/errors.ts';
import { AMONG_MAX, type VectorCollection } from '../backends/types.ts';
import type { Projections } from '../projection/projections.ts';
import type { StoreContext } from '../store/context.ts';
import type { SearchMode } from '../types.ts';
import { type Allowed, allowedDocuments, armDepth, chunksOf, OVERFETCH_MAX, SELECTIVE_SHARE } from './arms.ts';
import type { MetadataFilter } from './filter.ts';

export interface ServerQuestion {
  readonly kb: number;
  readonly index: IndexRow;
  readonly mode: SearchMode;
  readonly query: Float32Array;
  readonly filter: MetadataFilter;
  readonly depth: number;
}
/** What the vector database of an index said. */
export interface ServerAnswer {
  readonly server: string;
  /** The nearest it has; undefined when it was not asked or did not answer. */
  readonly slots?: readonly number[];
  /** Why the embedded index answers instead. */
  readonly why: string | null;
  /** Nothing has changed since that could change the answer. To be asked in the transaction that uses it. */
  readonly holds: () => boolean;
}

/** Asks the server an index is kept on, if it has one. Never throws: what fails is answered by the embedded index. */
export async function askServer(
  context: StoreContext,
  projections: Projections,
  question: ServerQuestion,
): Promise<ServerAnswer | undefined> {
  const { index } = question;
  const answering = projections.answering(index.id);
  if (!answering) return undefined;
  const { server, why } = answering;
  if (why !== null) return { server, why, holds: () => false };
  const { collection, position } = answering;
  const { read } = context;
  const allowed = allowedDocuments(context, question);
  const version = dataVersion(context);
  try {
    const slots = await nearest(context, collection, question, allowed);
    return {
      server,
      why: null,
      slots,
      // A filter depends on documents, which change without the index; members only through the log.
      holds: () =>
        projections.answering(index.id)?.why === null &&
        read.projection.ofIndex(index.id)?.position === position &&
        (!allowed || dataVersion(context) === version),
    };
  } catch (error) {
    projections.failed(index.id, error);
    return { server, why: errorLine(error), holds: () => false };
  }
}

/** Changes with every commit of the writing connection. */
const dataVersion = ({ read }: StoreContext): unknown => read.db.pragma('data_version', { simple: true });

async function nearest(
  context: StoreContext,
  collection: VectorCollection,
  question: ServerQuestion,
  allowed: Allowed | undefined,
): Promise<number[]> {
  const { index, query: vector } = question;
  const depth = armDepth(question.mode, question.depth);
  if (!allowed) return slotsOf(await collection.search({ vector, k: depth }));
  if (allowed.ids.length === 0) return [];
  if (allowed.share >= SELECTIVE_SHARE) {
    // What a loose filter lets through is found by asking for more than is wanted, without listing all of it.
    const k = Math.min(OVERFETCH_MAX, Math.ceil((2 * depth) / allowed.share));
    const found = await collection.search({ vector, k });
    if (chunksOf(context, index, found, depth, allowed).length >= depth) return slotsOf(found);
  }
  const among = context.read.filter.slots(allowed.ids, index.group_id, index.embedder_id);
  const slots: number[] = [];
  for (let at = 0; at < among.length; at += AMONG_MAX) {
    const part = among.slice(at, at + AMONG_MAX);
    slots.push(...slotsOf(await collection.search({ vector, k: depth, among: part })));
  }
  return slots;
}

const slotsOf = (found: readonly { readonly slot: number }[]): number[] => found.map(({ slot }) => slot);
