import type { DocumentRow } from '../../db/listing-table.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ParsedParams, Result } from '../protocol.ts';
import type { DocumentSummary } from '../types.ts';
import { now, requireKb, type StoreContext } from './context.ts';
import { trashDocument } from './ingest.ts';
import { metadataSchema } from './knowledge-bases.ts';
import { dropRevision, LiveTexts } from './live-texts.ts';

/** Path of the source, with `#key` for one row of it. */
export const documentName = (row: { path: string; key: string }): string =>
  row.key === '' ? row.path : `${row.path}#${row.key}`;

function summary(row: DocumentRow): DocumentSummary {
  return {
    id: row.id,
    name: documentName(row),
    title: row.title ?? '',
    state: row.state === 'new' ? 'embedding' : row.state,
    chunks: row.chunks ?? 0,
    characters: row.characters ?? 0,
    error: row.state === 'failed' || row.state === 'live' ? row.error : null,
    updatedAt: row.updated_at,
  };
}

export function listDocuments(context: StoreContext, params: ParsedParams<'kb.documents'>): Result<'kb.documents'> {
  const kb = requireKb(context.read, params.kb);
  const { listing } = context.read;
  return {
    total: listing.total(kb.id, params.filter, params.state),
    documents: listing.page(kb.id, params.filter, params.state, params.limit, params.offset).map(summary),
  };
}

export function showDocument(context: StoreContext, params: ParsedParams<'kb.document'>): Result<'kb.document'> {
  const kb = requireKb(context.read, params.kb);
  const row = context.read.listing.document(kb.id, params.id);
  if (!row) throw noDocument(params);
  const metadata = metadataSchema.parse(JSON.parse(row.metadata ?? '{}'));
  return { ...summary(row), text: row.text ?? '', metadata };
}

export function listChunks(context: StoreContext, params: ParsedParams<'kb.chunks'>): Result<'kb.chunks'> {
  const kb = requireKb(context.read, params.kb);
  if (!context.read.listing.document(kb.id, params.documentId)) throw noDocument({ ...params, id: params.documentId });
  const group = requireGroup(context, kb, params.group);
  const rows = context.read.listing.chunks(params.documentId, group.id, params.limit, params.offset);
  return {
    total: context.read.listing.chunkTotal(params.documentId, group.id),
    chunks: rows.map((row) => ({
      id: row.id,
      ordinal: row.ord,
      start: row.start_off,
      end: row.end_off,
      title: row.title,
      text: row.text,
      tokens: null,
    })),
  };
}

/** The node group of that name, or the first. */
export function requireGroup(context: StoreContext, kb: { id: number; name: string }, name: string | undefined) {
  const groups = context.read.kb.groups(kb.id);
  const group = name === undefined ? groups[0] : groups.find((entry) => entry.name === name);
  if (group) return group;
  throw new RagtuiError(
    'not-found',
    `"${kb.name}" has no node group "${name ?? ''}".`,
    `It has: ${groups.map((entry) => entry.name).join(', ')}.`,
  );
}

/** Moves one document to the trash. */
export async function removeDocument(context: StoreContext, params: ParsedParams<'kb.remove'>): Promise<void> {
  await context.db.writer.run(async (tx) => {
    const { documents } = context.write;
    const doc = documents.docById(requireKb(context.write, params.kb).id, params.id);
    if (!doc) throw noDocument(params);
    if (doc.state === 'trash') return;
    if (doc.state === 'live') {
      await trashDocument(context, new LiveTexts(tx, context), doc, now());
      return;
    }
    for (const revision of documents.revisionsOfDoc(doc.id)) await dropRevision(tx, context.write, revision.id);
    documents.deleteDoc(doc.id);
    if (doc.state === 'failed') documents.setSourceState(doc.source_id, 'gone', now());
  });
}

/** Takes a document back from the trash, as it was. */
export async function restoreDocument(context: StoreContext, params: ParsedParams<'kb.restore'>): Promise<void> {
  await context.db.writer.run(async (tx) => {
    const { documents } = context.write;
    const doc = documents.docById(requireKb(context.write, params.kb).id, params.id);
    if (!doc) throw noDocument(params);
    if (doc.state === 'live') return;
    if (doc.state !== 'trash' || doc.current_rev === null) {
      throw new RagtuiError('invalid', `Document ${params.id} is not in the trash.`, 'Ingest its file again.');
    }
    await new LiveTexts(tx, context).publish(doc.current_rev, documents.titleOf(doc.current_rev));
    documents.setRevision(doc.current_rev, 'live');
    documents.setDoc(doc.id, 'live', doc.current_rev, null, now());
  });
}

function noDocument(params: { kb: string; id: number }): RagtuiError {
  return new RagtuiError(
    'not-found',
    `"${params.kb}" has no document ${params.id}.`,
    `List them with: ragtui kb documents ${params.kb}`,
  );
}
