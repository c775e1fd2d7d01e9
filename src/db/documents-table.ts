import type { Database } from 'better-sqlite3';

export interface SourceRow {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly mtime_ms: number;
  readonly inode: number;
  readonly sha: Buffer;
  readonly recipe: Buffer;
  readonly state: 'new' | 'ok' | 'failed' | 'gone';
  readonly error: string | null;
  readonly hint: string | null;
}
export interface SourceStat {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
  readonly sha: Buffer;
  readonly recipe: Buffer;
}
export interface DocRow {
  readonly id: number;
  readonly source_id: number;
  readonly key: string;
  readonly current_rev: number | null;
  readonly state: 'new' | 'live' | 'trash' | 'failed';
}
export interface RevisionRow {
  readonly id: number;
  readonly doc_id: number;
  readonly source_id: number;
  readonly state: 'embedding' | 'live' | 'trash';
  readonly content: Buffer;
  readonly current_rev: number | null;
}
export interface ChunkRow {
  readonly id: number;
  readonly group_id: number;
  readonly title: string;
  readonly text: string;
  readonly h: Buffer;
}

/** Sources, documents, their revisions and chunks. */
export function documentsTable(db: Database) {
  const sources = db.prepare<[number, string, number], SourceRow>(
    "SELECT * FROM source WHERE kb_id = ? AND path > ? AND state IN ('ok','failed') ORDER BY path LIMIT ?",
  );
  const sourceByPath = db.prepare<[number, string], SourceRow>('SELECT * FROM source WHERE kb_id = ? AND path = ?');
  const newSource = db.prepare<[number, string, Buffer, Buffer, string]>(
    "INSERT INTO source(kb_id, path, size, mtime_ms, inode, sha, recipe, state, updated_at) VALUES(?, ?, 0, 0, 0, ?, ?, 'new', ?)",
  );
  const setSource = db.prepare<
    [number, number, number, Buffer, Buffer, string, string | null, string | null, string, number]
  >(
    `UPDATE source SET size = ?, mtime_ms = ?, inode = ?, sha = ?, recipe = ?, state = ?, error = ?, hint = ?,
     updated_at = ? WHERE id = ?`,
  );
  const setSourceState = db.prepare<[string, string, number]>(
    'UPDATE source SET state = ?, error = NULL, hint = NULL, updated_at = ? WHERE id = ?',
  );
  const readAgain = db.prepare<[number]>('UPDATE source SET recipe = zeroblob(length(recipe)) WHERE id = ?');
  const docsOfSource = db.prepare<[number], DocRow>('SELECT * FROM doc WHERE source_id = ?');
  const docByKey = db.prepare<[number, string], DocRow>('SELECT * FROM doc WHERE source_id = ? AND key = ?');
  const docById = db.prepare<[number, number], DocRow>('SELECT * FROM doc WHERE kb_id = ? AND id = ?');
  const newDoc = db.prepare<[number, number, string, string, string]>(
    'INSERT INTO doc(kb_id, source_id, key, state, updated_at) VALUES(?, ?, ?, ?, ?)',
  );
  const setDoc = db.prepare<[string, number | null, string | null, string, number]>(
    'UPDATE doc SET state = ?, current_rev = ?, trashed_at = ?, updated_at = ? WHERE id = ?',
  );
  const deleteDoc = db.prepare<[number]>('DELETE FROM doc WHERE id = ?');
  const liveDocs = db.prepare<[number], { n: number }>(
    "SELECT count(*) AS n FROM doc WHERE kb_id = ? AND state = 'live'",
  );
  const newRev = db.prepare<[number, Buffer, string, string, string, number, number, string]>(
    `INSERT INTO doc_rev(doc_id, state, content, title, text, metadata, chunks, characters, created_at)
     VALUES(?, 'embedding', ?, ?, ?, ?, ?, ?, ?)`,
  );
  const revision = db.prepare<[number], RevisionRow>(
    `SELECT r.id, r.doc_id, d.source_id, r.state, r.content, d.current_rev FROM doc_rev r JOIN doc d ON d.id = r.doc_id
     WHERE r.id = ?`,
  );
  const titleOf = db.prepare<[number], { title: string }>('SELECT title FROM doc_rev WHERE id = ?');
  const revisionsOfDoc = db.prepare<[number], { id: number; state: string }>(
    'SELECT id, state FROM doc_rev WHERE doc_id = ?',
  );
  const unfinished = db.prepare<[number], { id: number; doc_id: number }>(
    "SELECT r.id, r.doc_id FROM doc_rev r JOIN doc d ON d.id = r.doc_id WHERE r.state = 'embedding' AND d.kb_id = ?",
  );
  const newDocs = db.prepare<[number], { id: number }>("SELECT id FROM doc WHERE kb_id = ? AND state = 'new'");
  const setRev = db.prepare<[string, number]>('UPDATE doc_rev SET state = ? WHERE id = ?');
  const deleteRev = db.prepare<[number]>('DELETE FROM doc_rev WHERE id = ?');
  const newChunk = db.prepare<[number, number, number, number, number, string, string, Buffer]>(
    'INSERT INTO chunk(rev_id, group_id, ord, start_off, end_off, title, text, h) VALUES(?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const chunksAfter = db.prepare<[number, number, number], ChunkRow>(
    'SELECT id, group_id, title, text, h FROM chunk WHERE rev_id = ? AND id > ? ORDER BY id LIMIT ?',
  );
  const chunksOf = db.prepare<[number, number], ChunkRow>(
    'SELECT id, group_id, title, text, h FROM chunk WHERE rev_id = ? AND group_id = ? ORDER BY ord',
  );
  const deleteChunks = db.prepare<[number, number]>(
    'DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE rev_id = ? ORDER BY id LIMIT ?)',
  );
  const trashedBefore = db.prepare<[string, number], DocRow>(
    "SELECT * FROM doc WHERE state = 'trash' AND trashed_at < ? LIMIT ?",
  );
  return {
    /** By path, after one. */
    sources: (kbId: number, after: string, limit: number) => sources.all(kbId, after, limit),
    sourceByPath: (kbId: number, path: string) => sourceByPath.get(kbId, path),
    newSource: (kbId: number, source: SourceStat, at: string): number =>
      Number(newSource.run(kbId, source.path, source.sha, source.recipe, at).lastInsertRowid),
    setSource: (
      id: number,
      source: SourceStat,
      state: 'ok' | 'failed',
      problem: { error: string; hint: string } | null,
      at: string,
    ) =>
      setSource.run(
        source.size,
        source.mtimeMs,
        source.inode,
        source.sha,
        source.recipe,
        state,
        problem?.error ?? null,
        problem?.hint ?? null,
        at,
        id,
      ),
    setSourceState: (id: number, state: 'ok' | 'gone', at: string) => setSourceState.run(state, at, id),
    /** The next ingest reads it, whatever it finds there. */
    readAgain: (id: number) => readAgain.run(id),
    docsOfSource: (sourceId: number) => docsOfSource.all(sourceId),
    docByKey: (sourceId: number, key: string) => docByKey.get(sourceId, key),
    docById: (kbId: number, id: number) => docById.get(kbId, id),
    newDoc: (kbId: number, sourceId: number, key: string, state: 'new' | 'failed', at: string): number =>
      Number(newDoc.run(kbId, sourceId, key, state, at).lastInsertRowid),
    setDoc: (id: number, state: DocRow['state'], rev: number | null, trashedAt: string | null, at: string) =>
      setDoc.run(state, rev, trashedAt, at, id),
    deleteDoc: (id: number) => deleteDoc.run(id),
    liveDocs: (kbId: number) => liveDocs.get(kbId)?.n ?? 0,
    newRevision: (
      docId: number,
      revision: {
        content: Buffer;
        title: string;
        text: string;
        metadata: string;
        chunks: number;
        characters: number;
        at: string;
      },
    ): number => {
      const { content, title, text, metadata, chunks, characters, at } = revision;
      return Number(newRev.run(docId, content, title, text, metadata, chunks, characters, at).lastInsertRowid);
    },
    revision: (id: number) => revision.get(id),
    titleOf: (id: number) => titleOf.get(id)?.title ?? '',
    revisionsOfDoc: (docId: number) => revisionsOfDoc.all(docId),
    /** Revisions that no session will finish. */
    unfinished: (kbId: number) => unfinished.all(kbId),
    /** Documents that never became live. */
    newDocs: (kbId: number) => newDocs.all(kbId).map((row) => row.id),
    setRevision: (id: number, state: RevisionRow['state']) => setRev.run(state, id),
    deleteRevision: (id: number) => deleteRev.run(id),
    newChunk: (
      revId: number,
      groupId: number,
      chunk: { ordinal: number; start: number; end: number; title: string; text: string; hash: Buffer },
    ) => newChunk.run(revId, groupId, chunk.ordinal, chunk.start, chunk.end, chunk.title, chunk.text, chunk.hash),
    chunksAfter: (revId: number, after: number, limit: number) => chunksAfter.all(revId, after, limit),
    chunksOf: (revId: number, groupId: number) => chunksOf.all(revId, groupId),
    /** Deletes up to `limit` chunks; returns how many. */
    deleteChunks: (revId: number, limit: number): number => deleteChunks.run(revId, limit).changes,
    trashedBefore: (at: string, limit: number) => trashedBefore.all(at, limit),
  };
}
