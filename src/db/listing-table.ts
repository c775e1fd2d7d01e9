import type { Database } from 'better-sqlite3';

export interface DocumentRow {
  readonly id: number;
  readonly path: string;
  readonly key: string;
  readonly title: string | null;
  readonly state: 'new' | 'live' | 'trash' | 'failed';
  readonly chunks: number | null;
  readonly characters: number | null;
  readonly error: string | null;
  readonly updated_at: string;
}
export interface DocumentTextRow extends DocumentRow {
  readonly text: string | null;
  readonly metadata: string | null;
}
export interface ChunkListRow {
  readonly id: number;
  readonly ord: number;
  readonly start_off: number;
  readonly end_off: number;
  readonly title: string;
  readonly text: string;
}
export interface SlotChunkRow {
  readonly place: number;
  readonly id: number;
  readonly doc_id: number;
}
export interface FoundChunkRow {
  readonly id: number;
  readonly doc_id: number;
  readonly path: string;
  readonly key: string;
  readonly doc_title: string;
  readonly title: string;
  readonly text: string;
  readonly start_off: number;
  readonly end_off: number;
}

interface Filter {
  readonly kb: number;
  readonly filter: string;
  readonly state: string;
}

/** What screens, `kb` commands and search results show of documents. Reads only. */
export function listingTable(db: Database) {
  const from = `FROM doc d JOIN source s ON s.id = d.source_id
    LEFT JOIN doc_rev r ON r.id = coalesce(d.current_rev, (SELECT max(id) FROM doc_rev WHERE doc_id = d.id))`;
  const columns = 'd.id, s.path, d.key, r.title, d.state, r.chunks, r.characters, s.error, d.updated_at';
  const where = `WHERE d.kb_id = $kb
    AND ($filter = '' OR instr(lower(s.path || '#' || d.key), lower($filter)) > 0 OR instr(lower(coalesce(r.title, '')), lower($filter)) > 0)
    AND ($state = 'all' OR ($state = 'live' AND d.state = 'live') OR ($state = 'failed' AND (d.state = 'failed' OR (d.state = 'live' AND s.state = 'failed'))))`;
  const page = db.prepare<Filter & { limit: number; offset: number }, DocumentRow>(
    `SELECT ${columns} ${from} ${where} ORDER BY s.path, d.id LIMIT $limit OFFSET $offset`,
  );
  const total = db.prepare<Filter, { n: number }>(`SELECT count(*) AS n ${from} ${where}`);
  const one = db.prepare<[number, number], DocumentTextRow>(
    `SELECT ${columns}, r.text, r.metadata ${from} WHERE d.kb_id = ? AND d.id = ?`,
  );
  const chunks = db.prepare<[number, number, number, number], ChunkListRow>(
    `SELECT c.id, c.ord, c.start_off, c.end_off, c.title, c.text FROM chunk c JOIN doc d ON d.current_rev = c.rev_id
     WHERE d.id = ? AND c.group_id = ? ORDER BY c.ord LIMIT ? OFFSET ?`,
  );
  const chunkTotal = db.prepare<[number, number], { n: number }>(
    'SELECT count(*) AS n FROM chunk c JOIN doc d ON d.current_rev = c.rev_id WHERE d.id = ? AND c.group_id = ?',
  );
  const counts = db.prepare<[number], { documents: number; chunks: number }>(
    `SELECT count(*) AS documents, coalesce(sum(r.chunks), 0) AS chunks FROM doc d JOIN doc_rev r ON r.id = d.current_rev
     WHERE d.kb_id = ? AND d.state = 'live'`,
  );
  const failed = db.prepare<[number], { n: number }>(
    "SELECT count(*) AS n FROM source WHERE kb_id = ? AND state = 'failed'",
  );
  const found = `SELECT c.id, d.id AS doc_id, s.path, d.key, r.title AS doc_title, c.title, c.text, c.start_off, c.end_off
    FROM chunk c JOIN doc_rev r ON r.id = c.rev_id JOIN doc d ON d.id = r.doc_id JOIN source s ON s.id = d.source_id`;
  const byId = db.prepare<[number, number], FoundChunkRow>(
    `${found} WHERE c.id = ? AND c.group_id = ? AND r.state = 'live'`,
  );
  // In one statement, in the order given: a call per slot costs more than its three look-ups.
  const bySlots = db.prepare<[string, number, number, number], SlotChunkRow>(
    `SELECT j.key AS place, c.id, r.doc_id FROM json_each(?) j CROSS JOIN vec v ON v.slot = j.value AND v.embedder_id = ?
     CROSS JOIN chunk c ON c.group_id = ? AND c.h = v.h CROSS JOIN doc_rev r ON r.id = c.rev_id AND r.state = 'live'
     ORDER BY j.key, c.id LIMIT ?`,
  );
  return {
    page: (kbId: number, filter: string, state: string, limit: number, offset: number) =>
      page.all({ kb: kbId, filter, state, limit, offset }),
    total: (kbId: number, filter: string, state: string) => total.get({ kb: kbId, filter, state })?.n ?? 0,
    document: (kbId: number, id: number) => one.get(kbId, id),
    chunks: (docId: number, groupId: number, limit: number, offset: number) =>
      chunks.all(docId, groupId, limit, offset),
    chunkTotal: (docId: number, groupId: number) => chunkTotal.get(docId, groupId)?.n ?? 0,
    counts: (kbId: number) => counts.get(kbId) ?? { documents: 0, chunks: 0 },
    failed: (kbId: number) => failed.get(kbId)?.n ?? 0,
    /** A live chunk of the group, or undefined. */
    liveChunk: (chunkId: number, groupId: number) => byId.get(chunkId, groupId),
    /** The live chunks of the group whose texts have these vectors of this embedder; `place` counts the slots from 0. */
    liveChunksOfSlots: (groupId: number, slots: readonly number[], embedderId: number, limit: number) =>
      bySlots.all(JSON.stringify(slots), embedderId, groupId, limit),
  };
}
