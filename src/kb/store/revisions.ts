import { createHash } from 'node:crypto';
import type { Transaction } from '../../db/writer.ts';
import { crashPoint } from '../../platform/crash-point.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ParsedParams, Result } from '../protocol.ts';
import { now, type StoreContext, textHash } from './context.ts';
import { toStat, trashDocument } from './ingest.ts';
import { dropRevision, LiveTexts } from './live-texts.ts';
import type { IngestSession } from './sessions.ts';

type Incoming = ParsedParams<'ingest.documents'>['documents'][number];
interface HashedChunk {
  readonly groupId: number;
  readonly ordinal: number;
  readonly start: number;
  readonly end: number;
  readonly title: string;
  readonly text: string;
  readonly hash: Buffer;
}

/** Stores new revisions of documents, invisible until they are published, and says which texts need vectors. */
export async function storeDocuments(
  context: StoreContext,
  session: IngestSession,
  params: ParsedParams<'ingest.documents'>,
): Promise<Result<'ingest.documents'>> {
  return context.db.writer.run(async (tx) => {
    const { documents, vectors } = context.write;
    const at = now();
    const sourceId =
      documents.sourceByPath(session.kbId, params.source.path)?.id ??
      documents.newSource(session.kbId, toStat(params.source), at);
    const revisions: { revision: number; changed: boolean }[] = [];
    const missing = new Map<string, { embedder: string; hash: string; text: string }>();
    for (const document of params.documents) {
      const chunks = hashChunks(session, document);
      revisions.push(await storeDocument(tx, context, session, sourceId, document, chunks, at));
      for (const chunk of chunks) {
        for (const embedder of session.embedders) {
          if (vectors.slotOf(embedder.id, chunk.hash) !== undefined) continue;
          const hash = chunk.hash.toString('hex');
          missing.set(`${embedder.id}:${hash}`, { embedder: embedder.name, hash, text: chunk.text });
        }
        await tx.pause();
      }
    }
    return { revisions, missing: [...missing.values()] };
  });
}

function hashChunks(session: IngestSession, document: Incoming): HashedChunk[] {
  const chunks: HashedChunk[] = [];
  for (const group of session.groups) {
    const given = document.chunks.find((entry) => entry.group === group.spec.name);
    if (!given) throw new RagtuiError('invalid', `A document came without chunks of "${group.spec.name}".`);
    for (const chunk of given.chunks) {
      if (document.text.slice(chunk.start, chunk.end) !== chunk.text) {
        throw new RagtuiError(
          'invalid',
          `Chunk ${chunk.ordinal} of "${group.spec.name}" is not the text at ${chunk.start}–${chunk.end}.`,
        );
      }
      chunks.push({ groupId: group.id, ...chunk, hash: textHash(chunk.text) });
    }
  }
  return chunks;
}

async function storeDocument(
  tx: Transaction,
  context: StoreContext,
  session: IngestSession,
  sourceId: number,
  document: Incoming,
  chunks: readonly HashedChunk[],
  at: string,
): Promise<{ revision: number; changed: boolean }> {
  const { documents } = context.write;
  const metadata = JSON.stringify(Object.fromEntries(Object.entries(document.metadata).sort()));
  const content = contentHash(document, metadata, chunks);
  const known = documents.docByKey(sourceId, document.key);
  if (known?.state === 'live' && known.current_rev !== null) {
    const current = documents.revision(known.current_rev);
    if (current?.content.equals(content)) return { revision: current.id, changed: false };
  }
  const docId = known?.id ?? documents.newDoc(session.kbId, sourceId, document.key, 'new', at);
  // The same document sent again in this session: the last one counts.
  for (const revision of documents.revisionsOfDoc(docId)) {
    if (revision.state === 'embedding') await dropRevision(tx, context.write, revision.id);
  }
  const revision = documents.newRevision(docId, {
    content,
    title: document.title,
    text: document.text,
    metadata,
    chunks: chunks.length,
    characters: document.text.length,
    at,
  });
  for (const chunk of chunks) {
    documents.newChunk(revision, chunk.groupId, chunk);
    await tx.pause();
  }
  return { revision, changed: true };
}

/** Changes with all that a search could show of the document. */
function contentHash(document: Incoming, metadata: string, chunks: readonly HashedChunk[]): Buffer {
  const hash = createHash('sha256').update(JSON.stringify([document.title, document.text, metadata]));
  for (const chunk of chunks) {
    hash.update(JSON.stringify([chunk.groupId, chunk.ordinal, chunk.start, chunk.end, chunk.title]));
  }
  return hash.digest().subarray(0, 16);
}

/** Makes the given revisions of a source live at once; with the last ones, trashes its documents that were not among any. */
export async function publish(
  context: StoreContext,
  session: IngestSession,
  params: ParsedParams<'ingest.publish'>,
): Promise<Result<'ingest.publish'>> {
  return context.db.writer.run(async (tx) => {
    const { documents } = context.write;
    const at = now();
    const live = new LiveTexts(tx, context);
    const sourceId =
      documents.sourceByPath(session.kbId, params.source.path)?.id ??
      documents.newSource(session.kbId, toStat(params.source), at);
    const kept = new Set(session.published.get(sourceId));
    for (const id of params.revisions) {
      kept.add(await goLive(tx, context, session, live, sourceId, id, at));
      await tx.pause();
    }
    crashPoint('mid_flip');
    tx.afterCommit(() => {
      if (params.last) session.published.delete(sourceId);
      else session.published.set(sourceId, kept);
    });
    if (!params.last) {
      // Should no more come, its former content is no reason to leave it as it is.
      documents.readAgain(sourceId);
      return { removed: 0 };
    }
    let removed = 0;
    for (const doc of documents.docsOfSource(sourceId)) {
      if (kept.has(doc.id)) continue;
      if (doc.state === 'live') {
        await trashDocument(context, live, doc, at);
        removed += 1;
      } else if (doc.state !== 'trash') {
        for (const revision of documents.revisionsOfDoc(doc.id)) await dropRevision(tx, context.write, revision.id);
        documents.deleteDoc(doc.id);
      }
    }
    documents.setSource(sourceId, toStat(params.source), 'ok', null, at);
    return { removed };
  });
}

/** Replaces what a document had by this revision; returns the document's id. */
async function goLive(
  tx: Transaction,
  context: StoreContext,
  session: IngestSession,
  live: LiveTexts,
  sourceId: number,
  revisionId: number,
  at: string,
): Promise<number> {
  const { documents, vectors, kb } = context.write;
  const revision = documents.revision(revisionId);
  if (revision?.source_id !== sourceId || revision.state === 'trash') {
    throw new RagtuiError('invalid', `Revision ${revisionId} is not one of this source.`, 'Ingest the source again.');
  }
  if (revision.state === 'live') return revision.doc_id;
  const active = kb.embedders(session.kbId)[0];
  if (active?.embedder_id != null) {
    const missing = vectors.missingOfRevision(active.embedder_id, revisionId);
    if (missing > 0) {
      throw new RagtuiError(
        'invalid',
        `Revision ${revisionId} cannot go live: ${missing} of its chunks have no vector of ${active.name}.`,
      );
    }
  }
  for (const old of documents.revisionsOfDoc(revision.doc_id)) {
    if (old.id === revisionId) continue;
    if (old.state === 'live') await live.withdraw(old.id);
    await dropRevision(tx, context.write, old.id);
  }
  await live.publish(revisionId, documents.titleOf(revisionId));
  documents.setRevision(revisionId, 'live');
  documents.setDoc(revision.doc_id, 'live', revisionId, null, at);
  return revision.doc_id;
}
