import type { KbClient } from '../../kb/protocol.ts';

/** A chunk with where it stands. */
export interface KbChunk {
  readonly document: string;
  readonly start: number;
  readonly end: number;
  readonly title: string;
  readonly text: string;
}

const PAGE = 200;

/** All live chunks of a node group (the first one unless named), by document in the order of their names, then by place. */
export async function* chunksOf(
  kb: Pick<KbClient, 'call'>,
  { name, group }: { readonly name: string; readonly group: string | null },
  options: { readonly signal: AbortSignal },
): AsyncGenerator<KbChunk> {
  const of = { kb: name, ...(group === null ? {} : { group }) };
  for (let offset = 0; ; ) {
    const page = await kb.call('kb.documents', { kb: name, state: 'live', offset, limit: PAGE }, options);
    for (const { id, name: document } of page.documents) {
      for (let from = 0; ; ) {
        const found = await kb.call('kb.chunks', { ...of, documentId: id, offset: from, limit: PAGE }, options);
        for (const { start, end, title, text } of found.chunks) yield { document, start, end, title, text };
        from += found.chunks.length;
        if (found.chunks.length === 0 || from >= found.total) break;
      }
    }
    offset += page.documents.length;
    if (page.documents.length === 0 || offset >= page.total) return;
  }
}
