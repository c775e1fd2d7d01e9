import type { Database } from 'better-sqlite3';

export interface KbRow {
  readonly id: number;
  readonly name: string;
  readonly created_at: string;
}
export interface GroupRow {
  readonly id: number;
  readonly name: string;
  /** JSON of a NodeGroup. */
  readonly spec: string;
}
export interface KbEmbedderRow {
  readonly name: string;
  readonly embedder_id: number | null;
  readonly fp: Buffer | null;
  readonly dim: number | null;
}

/** Knowledge bases, their roots, node groups and embedders. */
export function kbTable(db: Database) {
  const live = 'deleted = 0';
  const insertKb = db.prepare<[string, string]>('INSERT INTO kb(name, created_at) VALUES(?, ?)');
  const byName = db.prepare<[string], KbRow>(`SELECT id, name, created_at FROM kb WHERE name = ? AND ${live}`);
  const all = db.prepare<[], KbRow>(`SELECT id, name, created_at FROM kb WHERE ${live} ORDER BY name`);
  const bury = db.prepare<[string, number]>('UPDATE kb SET deleted = 1, name = ? WHERE id = ?');
  const buried = db.prepare<[], { id: number }>('SELECT id FROM kb WHERE deleted = 1');
  const roots = db.prepare<[number], { path: string }>('SELECT path FROM kb_root WHERE kb_id = ? ORDER BY path');
  const insertRoot = db.prepare<[number, string]>('INSERT OR IGNORE INTO kb_root(kb_id, path) VALUES(?, ?)');
  const groups = db.prepare<[number], GroupRow>('SELECT id, name, spec FROM node_group WHERE kb_id = ? ORDER BY ord');
  const insertGroup = db.prepare<{ id: number; name: string; spec: string }>(
    'INSERT INTO node_group(kb_id, ord, name, spec) SELECT $id, coalesce(max(ord) + 1, 0), $name, $spec FROM node_group WHERE kb_id = $id',
  );
  const embedders = db.prepare<[number], KbEmbedderRow>(
    `SELECT ke.name, ke.embedder_id, e.fp, e.dim FROM kb_embedder ke LEFT JOIN embedder e ON e.id = ke.embedder_id
     WHERE ke.kb_id = ? ORDER BY ke.ord`,
  );
  const insertEmbedder = db.prepare<{ id: number; name: string }>(
    'INSERT INTO kb_embedder(kb_id, name, ord) SELECT $id, $name, coalesce(max(ord) + 1, 0) FROM kb_embedder WHERE kb_id = $id',
  );
  const removeEmbedder = db.prepare<[number, string]>('DELETE FROM kb_embedder WHERE kb_id = ? AND name = ?');
  const bind = db.prepare<[number, number, string]>(
    'UPDATE kb_embedder SET embedder_id = ? WHERE kb_id = ? AND name = ?',
  );
  const clearPrevious = db.prepare<[number]>('UPDATE kb_embedder SET previous = 0 WHERE kb_id = ?');
  const markPrevious = db.prepare<{ id: number }>(
    'UPDATE kb_embedder SET previous = 1 WHERE kb_id = $id AND ord = (SELECT min(ord) FROM kb_embedder WHERE kb_id = $id)',
  );
  const previous = db.prepare<[number], { name: string }>(
    'SELECT name FROM kb_embedder WHERE kb_id = ? AND previous = 1',
  );
  const toFront = db.prepare<{ id: number; name: string }>(
    'UPDATE kb_embedder SET ord = (SELECT min(ord) - 1 FROM kb_embedder WHERE kb_id = $id) WHERE kb_id = $id AND name = $name',
  );
  const embedderByFp = db.prepare<[Buffer], { id: number; dim: number }>('SELECT id, dim FROM embedder WHERE fp = ?');
  const newEmbedder = db.prepare<[Buffer, number]>('INSERT INTO embedder(fp, dim) VALUES(?, ?)');
  return {
    insert: (name: string, at: string): number => Number(insertKb.run(name, at).lastInsertRowid),
    byName: (name: string) => byName.get(name),
    all: () => all.all(),
    /** Hides the knowledge base and frees its name; its rows go later, bit by bit. */
    bury: (id: number) => bury.run(`deleted ${id}`, id),
    buried: () => buried.all().map((row) => row.id),
    roots: (id: number) => roots.all(id).map((row) => row.path),
    addRoot: (id: number, path: string) => insertRoot.run(id, path),
    groups: (id: number) => groups.all(id),
    addGroup: (id: number, name: string, spec: string): number =>
      Number(insertGroup.run({ id, name, spec }).lastInsertRowid),
    /** In their order: the first is active. */
    embedders: (id: number) => embedders.all(id),
    addEmbedder: (id: number, name: string) => insertEmbedder.run({ id, name }),
    removeEmbedder: (id: number, name: string) => removeEmbedder.run(id, name),
    bindEmbedder: (id: number, name: string, embedderId: number) => bind.run(embedderId, id, name),
    previousEmbedder: (id: number) => previous.get(id)?.name,
    /** Makes `name` the active embedder and remembers the one it replaces. */
    activate(id: number, name: string) {
      clearPrevious.run(id);
      markPrevious.run({ id });
      toFront.run({ id, name });
    },
    embedderByFingerprint: (fp: Buffer) => embedderByFp.get(fp),
    newEmbedder: (fp: Buffer, dim: number): number => Number(newEmbedder.run(fp, dim).lastInsertRowid),
  };
}
