import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SourceStat } from '../../db/documents-table.ts';
import type { Tables } from '../../db/tables.ts';
import type { Transaction } from '../../db/writer.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { type ParsedParams, type Result, SOURCES_A_PAGE, type SourceRecord } from '../protocol.ts';
import { now, requireKb, type StoreContext } from './context.ts';
import { addGroups, parseGroup, sameGroup, validName } from './knowledge-bases.ts';
import { dropRevision, LiveTexts } from './live-texts.ts';
import type { IngestSession, SessionEmbedder, Sessions } from './sessions.ts';

export const toStat = (source: SourceRecord): SourceStat => ({
  path: source.path,
  size: source.size,
  mtimeMs: source.mtimeMs,
  inode: source.inode,
  sha: Buffer.from(source.sha, 'hex'),
  recipe: Buffer.from(source.recipe, 'hex'),
});

/** Opens a session, adds new node groups and embedders, and clears what a dead session left. */
export async function beginIngest(
  context: StoreContext,
  sessions: Sessions,
  client: number,
  params: ParsedParams<'ingest.begin'>,
): Promise<Result<'ingest.begin'>> {
  const kb = requireKb(context.read, params.kb);
  const heldBy = sessions.holder(kb.id);
  if (heldBy !== null) return { session: null, heldBy };
  const release = sessions.reserve(kb.id, params.owner);
  try {
    const embedders = await context.db.writer.run(async (tx) => {
      const tables = context.write;
      await clearUnfinished(tx, tables, kb.id);
      joinGroups(tables, kb, params.groups);
      for (const root of params.roots) tables.kb.addRoot(kb.id, root);
      return joinEmbedders(tables, kb, params.embedders);
    });
    context.onStructureChange();
    const groups = context.read.kb.groups(kb.id).map((row) => ({ id: row.id, spec: parseGroup(row.spec) }));
    const session = sessions.open({
      kbId: kb.id,
      kb: kb.name,
      owner: params.owner,
      client,
      roots: params.roots,
      groups,
      embedders,
      documentsAtStart: context.read.documents.liveDocs(kb.id),
      removed: 0,
      published: new Map(),
    });
    return { session: session.id, heldBy: null };
  } finally {
    release();
  }
}

async function clearUnfinished(tx: Transaction, tables: Tables, kbId: number): Promise<void> {
  for (const revision of tables.documents.unfinished(kbId)) await dropRevision(tx, tables, revision.id);
  for (const id of tables.documents.newDocs(kbId)) tables.documents.deleteDoc(id);
}

/** New groups are added; a known one must cut as it did, or old and new documents would be cut differently. */
function joinGroups(tables: Tables, kb: { id: number; name: string }, groups: ParsedParams<'ingest.begin'>['groups']) {
  const known = tables.kb.groups(kb.id);
  for (const group of groups) {
    const existing = known.find((row) => row.name === group.name);
    if (!existing || sameGroup(parseGroup(existing.spec), group)) continue;
    throw new RagtuiError(
      'invalid',
      `The node group "${group.name}" of "${kb.name}" has other settings.`,
      'Give the group with the new settings another name, or use the settings it has.',
    );
  }
  const added = groups.filter((group) => !known.some((row) => row.name === group.name));
  addGroups(tables, kb.id, added);
  const absent = known.filter((row) => !groups.some((group) => group.name === row.name));
  if (absent.length === 0) return;
  throw new RagtuiError(
    'invalid',
    `"${kb.name}" also has the node group ${absent.map((row) => `"${row.name}"`).join(', ')}.`,
    'An ingest must cut its documents for every node group of the knowledge base.',
  );
}

function joinEmbedders(
  tables: Tables,
  kb: { id: number; name: string },
  embedders: ParsedParams<'ingest.begin'>['embedders'],
): SessionEmbedder[] {
  const joined = embedders.map((wanted) => {
    const name = validName(wanted.id, 'embedder');
    const fp = Buffer.from(wanted.fingerprint, 'hex');
    const known = tables.kb.embedderByFingerprint(fp);
    if (known && known.dim !== wanted.dimension) {
      throw new RagtuiError(
        'invalid',
        `The embedder ${name} gave vectors of ${known.dim} numbers before, now of ${wanted.dimension}.`,
        'Check the model files with: ragtui models verify',
      );
    }
    const id = known?.id ?? tables.kb.newEmbedder(fp, wanted.dimension);
    const bound = tables.kb.embedders(kb.id).find((row) => row.name === name);
    if (!bound) tables.kb.addEmbedder(kb.id, name);
    if (bound?.embedder_id !== id) {
      // Also when a model changed under its name: its old vectors must not be searched with the new one's queries.
      tables.kb.bindEmbedder(kb.id, name, id);
    }
    for (const group of tables.kb.groups(kb.id)) {
      if (tables.index.find(group.id, id)) continue;
      tables.index.fill(tables.index.create(group.id, id), id, group.id);
    }
    return { name, id, dim: wanted.dimension };
  });
  const active = tables.kb.embedders(kb.id)[0];
  if (active && !joined.some((entry) => entry.name === active.name)) {
    throw new RagtuiError(
      'invalid',
      `The active embedder of "${kb.name}" is ${active.name}; an ingest cannot leave it out.`,
      `Add it to the command: --embedder ${active.name}`,
    );
  }
  return joined;
}

export function listSources(context: StoreContext, session: IngestSession, after: string): Result<'ingest.sources'> {
  return context.read.documents.sources(session.kbId, after, SOURCES_A_PAGE).map((row) => ({
    path: row.path,
    size: row.size,
    mtimeMs: row.mtime_ms,
    inode: row.inode,
    sha: row.sha.toString('hex'),
    recipe: row.recipe.toString('hex'),
    failed: row.state === 'failed',
  }));
}

/** Stores vectors; those whose text is live already are searchable at once. */
export async function storeVectors(
  context: StoreContext,
  session: IngestSession,
  params: ParsedParams<'ingest.vectors'>,
): Promise<void> {
  const embedder = session.embedders.find((entry) => entry.name === params.embedder);
  if (!embedder) {
    throw new RagtuiError('invalid', `${params.embedder} is not an embedder of this ingest session.`, '');
  }
  const vectors = params.vectors.map(({ hash, vector }) => ({
    hash: Buffer.from(hash, 'hex'),
    bytes: unitVector(vector, embedder),
  }));
  await context.db.writer.run(async (tx) => {
    const live = new LiveTexts(tx, context);
    for (const { hash, bytes } of vectors) {
      if (!context.write.vectors.insert(embedder.id, hash, bytes)) continue;
      const slot = context.write.vectors.slotOf(embedder.id, hash);
      if (slot !== undefined) live.addVector(embedder.id, slot, hash);
      await tx.pause();
    }
  });
}

/** The bytes of a vector as they are stored. Errors: `invalid` for another length than its embedder's, or none of 1. */
export function unitVector(base64: string, embedder: Pick<SessionEmbedder, 'name' | 'dim'>): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  const wrong = (what: string) =>
    new RagtuiError('invalid', `A vector of ${embedder.name} ${what}.`, 'Check it with: ragtui models verify');
  if (bytes.length !== 4 * embedder.dim) throw wrong(`has ${bytes.length / 4} numbers, not ${embedder.dim}`);
  let square = 0;
  for (let at = 0; at < bytes.length; at += 4) square += bytes.readFloatLE(at) ** 2;
  if (!(Math.abs(square - 1) < 0.01)) throw wrong(`is not of unit length (${Math.sqrt(square)})`);
  return bytes;
}

/** Records why a source could not be read. What was known of it stays searchable. */
export async function recordFailure(
  context: StoreContext,
  session: IngestSession,
  params: ParsedParams<'ingest.failed'>,
): Promise<void> {
  await context.db.writer.run(async (tx) => {
    const { documents } = context.write;
    const at = now();
    const id =
      documents.sourceByPath(session.kbId, params.source.path)?.id ??
      documents.newSource(session.kbId, toStat(params.source), at);
    const problem = { error: params.reason, hint: params.hint };
    documents.setSource(id, toStat(params.source), 'failed', problem, at);
    for (const doc of documents.docsOfSource(id)) {
      for (const revision of documents.revisionsOfDoc(doc.id)) {
        if (revision.state === 'embedding') await dropRevision(tx, context.write, revision.id);
      }
      if (doc.state === 'new') documents.deleteDoc(doc.id);
    }
    const docs = documents.docsOfSource(id);
    if (docs.some((doc) => doc.state === 'live' || doc.state === 'failed')) return;
    const whole = docs.find((doc) => doc.key === '');
    // A document in the trash keeps its row, and its way back.
    if (!whole) documents.newDoc(session.kbId, id, '', 'failed', at);
  });
}

const MAX_SHARE = 0.2;

/** Moves the documents of sources that are gone to the trash; refuses what looks like a mistake unless `prune`. */
export async function removeSources(
  context: StoreContext,
  session: IngestSession,
  params: ParsedParams<'ingest.remove'>,
): Promise<Result<'ingest.remove'>> {
  if (params.paths.length === 0) return { removed: 0 };
  if (!params.prune) {
    for (const root of session.roots) if (params.paths.some((file) => isBelow(file, root))) assertPlausibleRoot(root);
  }
  return context.db.writer.run(async (tx) => {
    const { documents } = context.write;
    const live = new LiveTexts(tx, context);
    const at = now();
    const sources = params.paths.flatMap((file) => documents.sourceByPath(session.kbId, file) ?? []);
    const docs = sources.flatMap((source) => documents.docsOfSource(source.id));
    const leaving = docs.filter((doc) => doc.state === 'live');
    if (!params.prune) assertFew(session, leaving.length);
    for (const doc of leaving) await trashDocument(context, live, doc, at);
    for (const doc of docs.filter((entry) => entry.state === 'failed')) {
      for (const revision of documents.revisionsOfDoc(doc.id)) await dropRevision(tx, context.write, revision.id);
      documents.deleteDoc(doc.id);
    }
    for (const source of sources) documents.setSourceState(source.id, 'gone', at);
    tx.afterCommit(() => {
      session.removed += leaving.length;
    });
    return { removed: leaving.length };
  });
}

/** Takes a live document out of every search; its text and chunks wait 7 days for a restore. */
export async function trashDocument(
  context: StoreContext,
  live: LiveTexts,
  doc: { id: number; current_rev: number | null },
  at: string,
): Promise<void> {
  if (doc.current_rev !== null) {
    await live.withdraw(doc.current_rev);
    context.write.documents.setRevision(doc.current_rev, 'trash');
  }
  context.write.documents.setDoc(doc.id, 'trash', doc.current_rev, at, at);
}

function isBelow(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative === '' || (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative));
}

function assertPlausibleRoot(root: string): void {
  const why = !existsSync(root)
    ? 'is missing'
    : statSync(root).isDirectory() && readdirSync(root).length === 0
      ? 'is empty'
      : undefined;
  if (!why) return;
  throw new RagtuiError(
    'invalid',
    `${root} ${why}: nothing was removed, since a disk may just not be mounted.`,
    'If its documents should really leave the knowledge base, ingest again with --prune.',
  );
}

function assertFew(session: IngestSession, count: number): void {
  const share = (session.removed + count) / Math.max(1, session.documentsAtStart);
  if (count === 0 || share <= MAX_SHARE) return;
  throw new RagtuiError(
    'invalid',
    `${session.removed + count} of ${session.documentsAtStart} documents of "${session.kb}" are gone from their folders: nothing was removed, since that may be a mistake.`,
    'If they should really leave the knowledge base, ingest again with --prune.',
  );
}
