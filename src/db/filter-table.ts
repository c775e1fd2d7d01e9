import type { Database } from 'better-sqlite3';

export interface FilterDocumentRow {
  readonly id: number;
  readonly path: string;
  readonly key: string;
  readonly metadata: string;
}

/** Searching among some documents only. Ids travel as a JSON array, since their number is not known beforehand. */
export function filterTable(db: Database) {
  const documents = db.prepare<[number], FilterDocumentRow>(
    `SELECT d.id, s.path, d.key, r.metadata FROM doc d JOIN source s ON s.id = d.source_id
     JOIN doc_rev r ON r.id = d.current_rev WHERE d.kb_id = ? AND d.state = 'live'`,
  );
  const chunks = `FROM json_each(?) j JOIN doc d ON d.id = j.value
    JOIN chunk c ON c.rev_id = d.current_rev AND c.group_id = ?`;
  const chunkIds = db.prepare<[string, number], number>(`SELECT c.id ${chunks}`).pluck();
  const slots = db
    .prepare<[string, number, number], number>(
      `SELECT DISTINCT v.slot ${chunks} JOIN vec v ON v.embedder_id = ? AND v.h = c.h ORDER BY v.slot`,
    )
    .pluck();
  return {
    documents: (kbId: number) => documents.all(kbId),
    chunkIds: (docIds: readonly number[], groupId: number) => chunkIds.all(JSON.stringify(docIds), groupId),
    slots: (docIds: readonly number[], groupId: number, embedderId: number) =>
      slots.all(JSON.stringify(docIds), groupId, embedderId),
  };
}
