import type { Database } from 'better-sqlite3';

/** Grows when segmentation changes: the rows are then made anew (FTS5 cannot rebuild a contentless table itself). */
export const FTS_VERSION = '1';

/** Makes the full-text table of a node group and the view of its vocabulary. */
export function createFts(db: Database, groupId: number): void {
  const name = ftsName(groupId);
  // remove_diacritics 0: our segmentation has done it, so that the vocabulary holds exactly our tokens.
  db.exec(`
    CREATE VIRTUAL TABLE ${name} USING fts5(title, body, content='', contentless_delete=1,
      tokenize='unicode61 remove_diacritics 0');
    CREATE VIRTUAL TABLE ${name}_terms USING fts5vocab('${name}', 'row');
  `);
}

export function dropFts(db: Database, groupId: number): void {
  db.exec(`DROP TABLE IF EXISTS ${ftsName(groupId)}_terms; DROP TABLE IF EXISTS ${ftsName(groupId)};`);
}

/** Statements of one group's full-text table; `rowid` is the chunk's id. */
export function ftsTable(db: Database, groupId: number) {
  const name = ftsName(groupId);
  const insert = db.prepare<[number, string, string]>(`INSERT INTO ${name}(rowid, title, body) VALUES(?, ?, ?)`);
  const remove = db.prepare<[number]>(`DELETE FROM ${name} WHERE rowid = ?`);
  const search = db.prepare<[number, number, string, number], { id: number; score: number }>(
    `SELECT rowid AS id, -bm25(${name}, ?, ?) AS score FROM ${name} WHERE ${name} MATCH ?
     ORDER BY score DESC, rowid LIMIT ?`,
  );
  const searchAmong = db.prepare<[number, number, string, string, number], { id: number; score: number }>(
    `SELECT rowid AS id, -bm25(${name}, ?, ?) AS score FROM ${name} WHERE ${name} MATCH ?
     AND rowid IN (SELECT value FROM json_each(?)) ORDER BY score DESC, rowid LIMIT ?`,
  );
  const documents = db.prepare<[string], { doc: number }>(`SELECT doc FROM ${name}_terms WHERE term = ?`);
  const count = db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${name}`);
  const ids = db.prepare<[], number>(`SELECT rowid FROM ${name}`).pluck();
  return {
    insert: (id: number, title: string, body: string) => insert.run(id, title, body),
    remove: (id: number) => remove.run(id),
    /** Best matches of an FTS5 expression; scores grow with the match (BM25, k1 1.2, b 0.75, as FTS5 has it). */
    search: (expression: string, titleWeight: number, bodyWeight: number, limit: number) =>
      search.all(titleWeight, bodyWeight, expression, limit),
    /** The same, among some rows only. */
    searchAmong: (expression: string, titleWeight: number, bodyWeight: number, ids: readonly number[], limit: number) =>
      searchAmong.all(titleWeight, bodyWeight, expression, JSON.stringify(ids), limit),
    /** In how many rows a token occurs. */
    documentFrequency: (token: string) => documents.get(token)?.doc ?? 0,
    count: () => count.get()?.n ?? 0,
    ids: () => ids.all(),
    /** Throws SQLITE_CORRUPT_VTAB when the inverted index contradicts itself. */
    check: () => db.exec(`INSERT INTO ${name}(${name}) VALUES('integrity-check')`),
  };
}

function ftsName(groupId: number): string {
  if (!Number.isSafeInteger(groupId)) throw new Error('not a group id');
  return `fts_${groupId}`;
}
