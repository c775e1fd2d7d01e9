import type { Database } from 'better-sqlite3';

/** Queries that compare what is stored twice; each gives what is wrong, and none of it means the two agree. */
export function checkTable(db: Database) {
  const live = "JOIN doc_rev r ON r.id = c.rev_id WHERE r.state = 'live' AND c.group_id = ?";
  const texts = `SELECT c.h AS h, count(*) AS refs FROM chunk c ${live} GROUP BY c.h`;
  const wrongTexts = db.prepare<[number, number], { n: number }>(
    `SELECT (SELECT count(*) FROM (${texts} EXCEPT SELECT h, refs FROM live_text WHERE group_id = ?)) AS n`,
  );
  const extraTexts = db.prepare<[number, number], { n: number }>(
    `SELECT count(*) AS n FROM (SELECT h, refs FROM live_text WHERE group_id = ? EXCEPT ${texts})`,
  );
  const clearTexts = db.prepare<[number]>('DELETE FROM live_text WHERE group_id = ?');
  const fillTexts = db.prepare<[number, number]>(
    `INSERT INTO live_text(group_id, h, refs) SELECT ?, c.h, count(*) FROM chunk c ${live} GROUP BY c.h`,
  );
  const members =
    'SELECT v.slot FROM live_text t JOIN vec v ON v.embedder_id = $embedder AND v.h = t.h WHERE t.group_id = $group';
  const stored = 'SELECT slot FROM member WHERE index_id = $index';
  type IndexKey = { index: number; group: number; embedder: number };
  const wrongMembers = db.prepare<IndexKey, { missing: number; extra: number }>(
    `SELECT (SELECT count(*) FROM (${members} EXCEPT ${stored})) AS missing,
            (SELECT count(*) FROM (${stored} EXCEPT ${members})) AS extra`,
  );
  const dropExtra = db.prepare<IndexKey>(`DELETE FROM member WHERE index_id = $index AND slot NOT IN (${members})`);
  const addMissing = db.prepare<IndexKey>(
    `INSERT OR IGNORE INTO member(index_id, slot) SELECT $index, slot FROM (${members})`,
  );
  const wrongDocs = db.prepare<[number], { n: number }>(
    `SELECT count(*) AS n FROM doc d LEFT JOIN doc_rev r ON r.id = d.current_rev AND r.doc_id = d.id
     WHERE d.kb_id = ? AND ((d.state = 'live' AND r.state IS NOT 'live') OR (d.state = 'trash' AND r.state IS NOT 'trash'))`,
  );
  const liveChunks = db.prepare<[number], number>(`SELECT c.id FROM chunk c ${live} ORDER BY c.id`).pluck();
  const liveRevisions = db
    .prepare<[number], number>(
      `SELECT r.id FROM doc_rev r JOIN doc d ON d.id = r.doc_id WHERE d.kb_id = ? AND r.state = 'live' ORDER BY r.id`,
    )
    .pluck();
  return {
    /** What SQLite finds wrong with its own pages; 'ok' when nothing. */
    pages: () => String(db.pragma('quick_check(1)', { simple: true })),
    wrongTexts: (groupId: number) =>
      (wrongTexts.get(groupId, groupId)?.n ?? 0) + (extraTexts.get(groupId, groupId)?.n ?? 0),
    repairTexts(groupId: number) {
      clearTexts.run(groupId);
      fillTexts.run(groupId, groupId);
    },
    wrongMembers: (key: IndexKey) => wrongMembers.get(key) ?? { missing: 0, extra: 0 },
    repairMembers(key: IndexKey) {
      dropExtra.run(key);
      addMissing.run(key);
    },
    wrongDocuments: (kbId: number) => wrongDocs.get(kbId)?.n ?? 0,
    liveChunkIds: (groupId: number) => liveChunks.all(groupId),
    liveRevisions: (kbId: number) => liveRevisions.all(kbId),
  };
}
