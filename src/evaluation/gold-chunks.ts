import type { KbClient } from '../kb/protocol.ts';
import type { DocumentSummary } from '../kb/types.ts';

/** Counts the chunks of a context that a knowledge base holds: what there is to find. */
export class GoldChunks {
  readonly #kb: Pick<KbClient, 'call'>;
  readonly #base: string;
  readonly #counts = new Map<string, number | null>();

  constructor(kb: Pick<KbClient, 'call'>, base: string) {
    this.#kb = kb;
    this.#base = base;
  }

  /**
   * Chunks of the document whose key is `contextId`, in a node group (the default one when it is absent). Null when the
   * knowledge base has no such document: it was not made of this dataset.
   */
  async count(contextId: string, group: string | undefined, signal: AbortSignal): Promise<number | null> {
    if (contextId === '') return null;
    const key = JSON.stringify([contextId, group ?? null]);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count = await this.#find(contextId, group, signal);
    this.#counts.set(key, count);
    return count;
  }

  async #find(contextId: string, group: string | undefined, signal: AbortSignal): Promise<number | null> {
    const document = await documentOfContext(this.#kb, this.#base, contextId, signal);
    if (!document) return null;
    const params = { kb: this.#base, documentId: document.id, limit: 1, ...(group === undefined ? {} : { group }) };
    return (await this.#kb.call('kb.chunks', params, { signal })).total;
  }
}

const MOST_CHUNKS = 1000;

/** The chunks of a context in a node group, in their order; null when the knowledge base has no document of it. */
export async function chunksOfContext(
  kb: Pick<KbClient, 'call'>,
  base: string,
  contextId: string,
  group: string | undefined,
  signal: AbortSignal,
): Promise<{ document: string; texts: string[] } | null> {
  const document = await documentOfContext(kb, base, contextId, signal);
  if (!document) return null;
  const params = { kb: base, documentId: document.id, limit: MOST_CHUNKS, ...(group === undefined ? {} : { group }) };
  const { chunks } = await kb.call('kb.chunks', params, { signal });
  return { document: document.name, texts: chunks.map(({ text }) => text) };
}

/** The live document that a dataset's context became: the one whose key is `contextId`. Undefined where there is none. */
export async function documentOfContext(
  kb: Pick<KbClient, 'call'>,
  base: string,
  contextId: string,
  signal: AbortSignal,
): Promise<DocumentSummary | undefined> {
  const filter = `#${contextId}`;
  const where = { kb: base, filter, state: 'live' as const, limit: 1000 };
  const { documents } = await kb.call('kb.documents', where, { signal });
  return documents.find(({ name }) => name.endsWith(filter));
}
