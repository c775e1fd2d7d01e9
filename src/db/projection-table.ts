import type { Database } from 'better-sqlite3';
import type { IndexRow } from './index-table.ts';

/** An index as a vector database has it. */
export interface ProjectionRow {
  readonly id: number;
  /** Null when the collection is only to be taken off the server. */
  readonly index_id: number | null;
  readonly server: string;
  readonly collection: string;
  /** The last slot of the filling that the server has; null when that is over. */
  readonly filled: number | null;
  /** The last change that the server has. */
  readonly position: number;
}
/** A vector that came to an index (1) or went (2). */
export interface ChangeRow {
  readonly seq: number;
  readonly slot: number;
  readonly op: 1 | 2;
}
export interface StoredVector {
  readonly slot: number;
  readonly v: Buffer;
}

/** Which knowledge bases are kept on which server, how far each index is there, and what it still has to take. */
export function projectionTable(db: Database) {
  const serverOf = db.prepare<[number], string>('SELECT server FROM kb_server WHERE kb_id = ?').pluck();
  const setServer = db.prepare<[number, string]>(
    'INSERT INTO kb_server(kb_id, server) VALUES(?, ?) ON CONFLICT(kb_id) DO UPDATE SET server = excluded.server',
  );
  const clearServer = db.prepare<[number]>('DELETE FROM kb_server WHERE kb_id = ?');
  const kbsOf = db
    .prepare<[string], string>(
      'SELECT k.name FROM kb_server s JOIN kb k ON k.id = s.kb_id WHERE s.server = ? AND k.deleted = 0 ORDER BY k.name',
    )
    .pluck();
  const all = db.prepare<[], ProjectionRow>('SELECT * FROM projection ORDER BY id');
  const byId = db.prepare<[number], ProjectionRow>('SELECT * FROM projection WHERE id = ?');
  const ofIndex = db.prepare<[number], ProjectionRow>('SELECT * FROM projection WHERE index_id = ?');
  const unattached = db.prepare<[], IndexRow & { server: string }>(
    `SELECT i.id, i.group_id, i.embedder_id, e.dim, g.kb_id, s.server FROM kb_server s
     JOIN node_group g ON g.kb_id = s.kb_id JOIN ann_index i ON i.group_id = g.id JOIN embedder e ON e.id = i.embedder_id
     WHERE NOT EXISTS (SELECT 1 FROM projection p WHERE p.index_id = i.id)`,
  );
  const create = db.prepare<[number, string, string, number]>(
    'INSERT INTO projection(index_id, server, collection, filled, position) VALUES(?, ?, ?, 0, ?)',
  );
  const inKb = 'SELECT i.id FROM ann_index i JOIN node_group g ON g.id = i.group_id WHERE g.kb_id = ?';
  const releaseKb = db.prepare<[number]>(`UPDATE projection SET index_id = NULL WHERE index_id IN (${inKb})`);
  const forgetChanges = db.prepare<[number]>(`DELETE FROM member_log WHERE index_id IN (${inKb})`);
  const remove = db.prepare<[number]>('DELETE FROM projection WHERE id = ?');
  const removeReleased = db.prepare<[string]>('DELETE FROM projection WHERE server = ? AND index_id IS NULL');
  const head = db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'member_log'").pluck();
  const changes = db.prepare<[number, number], ChangeRow>(
    'SELECT seq, slot, op FROM member_log WHERE index_id = ? ORDER BY seq LIMIT ?',
  );
  const pending = db.prepare<[number], number>('SELECT count(*) FROM member_log WHERE index_id = ?').pluck();
  const anyPending = db
    .prepare<[number], number>('SELECT EXISTS (SELECT 1 FROM member_log WHERE index_id = ?)')
    .pluck();
  const advance = db.prepare<[number, number]>('UPDATE projection SET position = ? WHERE id = ? AND filled IS NULL');
  const taken = db.prepare<[number, number]>('DELETE FROM member_log WHERE index_id = ? AND seq <= ?');
  const fillTo = db.prepare<[number | null, number]>(
    'UPDATE projection SET filled = ? WHERE id = ? AND filled IS NOT NULL',
  );
  const restart = db.prepare<[number, number]>('UPDATE projection SET filled = 0, position = ? WHERE id = ?');
  const dropChanges = db.prepare<[number]>('DELETE FROM member_log WHERE index_id = ?');
  const toFill = db
    .prepare<[number, number], number>('SELECT count(*) FROM member WHERE index_id = ? AND slot > ?')
    .pluck();
  const members = db.prepare<[number, number, number], StoredVector>(
    `SELECT m.slot, v.v FROM member m JOIN vec v ON v.slot = m.slot WHERE m.index_id = ? AND m.slot > ?
     ORDER BY m.slot LIMIT ?`,
  );
  const rename = db.prepare<[string, number]>('UPDATE projection SET collection = ? WHERE id = ?');
  return {
    serverOf: (kbId: number) => serverOf.get(kbId),
    setServer: (kbId: number, server: string) => setServer.run(kbId, server),
    /** Names of the knowledge bases that a server has. */
    kbsOf: (server: string) => kbsOf.all(server),
    all: () => all.all(),
    byId: (id: number) => byId.get(id),
    ofIndex: (indexId: number) => ofIndex.get(indexId),
    /** Indexes of knowledge bases with a server that have no projection yet. */
    unattached: () => unattached.all(),
    /** From this moment on the changes of the index are logged. */
    create: (indexId: number, server: string, collection: string) =>
      create.run(indexId, server, collection, head.get() ?? 0),
    /** The knowledge base has no server any more; its collections are to be taken off. */
    release(kbId: number) {
      clearServer.run(kbId);
      forgetChanges.run(kbId);
      releaseKb.run(kbId);
    },
    remove: (id: number) => remove.run(id),
    /** Forgets the collections that were to be taken off a server. */
    removeReleased: (server: string): number => removeReleased.run(server).changes,
    changes: (indexId: number, limit: number) => changes.all(indexId, limit),
    pending: (indexId: number) => pending.get(indexId) ?? 0,
    isPending: (indexId: number) => anyPending.get(indexId) === 1,
    /** The server has all changes up to `seq`. */
    advance(row: { id: number; index_id: number }, seq: number) {
      advance.run(seq, row.id);
      taken.run(row.index_id, seq);
    },
    fillTo: (id: number, slot: number) => fillTo.run(slot, id),
    fillDone: (id: number) => fillTo.run(null, id),
    /** All of it again, from the members as they are now. */
    restart(row: { id: number; index_id: number }) {
      dropChanges.run(row.index_id);
      restart.run(head.get() ?? 0, row.id);
    },
    rename: (id: number, collection: string) => rename.run(collection, id),
    /** Members after a slot that the filling still has to bring. */
    toFill: (indexId: number, slot: number) => toFill.get(indexId, slot) ?? 0,
    membersAfter: (indexId: number, slot: number, limit: number) => members.all(indexId, slot, limit),
  };
}
