import type { Database } from 'better-sqlite3';

export interface IndexRow {
  readonly id: number;
  readonly group_id: number;
  readonly embedder_id: number;
  readonly dim: number;
  readonly kb_id: number;
}
export interface SegmentRow {
  readonly id: number;
  readonly index_id: number;
  readonly file: string;
  readonly count: number;
  readonly bytes: number;
  readonly sha256: Buffer;
  readonly dim: number;
  readonly space: string;
  readonly m: number;
  readonly ef_construction: number;
  readonly ef: number;
  readonly library: string;
  readonly recall: number;
}

/** Live texts of a group, the members of its indexes, and the segment files that make them fast. */
export function indexTable(db: Database) {
  const addText = db.prepare<[number, Buffer], { refs: number }>(
    `INSERT INTO live_text(group_id, h, refs) VALUES(?, ?, 1)
     ON CONFLICT(group_id, h) DO UPDATE SET refs = refs + 1 RETURNING refs`,
  );
  const textRefs = db.prepare<[number, Buffer], { refs: number }>(
    'SELECT refs FROM live_text WHERE group_id = ? AND h = ?',
  );
  const lessText = db.prepare<[number, Buffer]>('UPDATE live_text SET refs = refs - 1 WHERE group_id = ? AND h = ?');
  const dropText = db.prepare<[number, Buffer]>('DELETE FROM live_text WHERE group_id = ? AND h = ?');
  const countTexts = db.prepare<[number], { n: number }>('SELECT count(*) AS n FROM live_text WHERE group_id = ?');
  const columns = 'i.id, i.group_id, i.embedder_id, e.dim, g.kb_id';
  const joined = `SELECT ${columns} FROM ann_index i JOIN embedder e ON e.id = i.embedder_id
    JOIN node_group g ON g.id = i.group_id`;
  const all = db.prepare<[], IndexRow>(joined);
  const ofGroup = db.prepare<[number], IndexRow>(`${joined} WHERE i.group_id = ?`);
  const ofEmbedder = db.prepare<[number], IndexRow>(`${joined} WHERE i.embedder_id = ?`);
  const find = db.prepare<[number, number], IndexRow>(`${joined} WHERE i.group_id = ? AND i.embedder_id = ?`);
  const create = db.prepare<[number, number]>('INSERT INTO ann_index(group_id, embedder_id) VALUES(?, ?)');
  const fill = db.prepare<[number, number, number]>(
    `INSERT OR IGNORE INTO member(index_id, slot) SELECT ?, v.slot FROM live_text t
     JOIN vec v ON v.embedder_id = ? AND v.h = t.h WHERE t.group_id = ?`,
  );
  const addMember = db.prepare<[number, number]>('INSERT OR IGNORE INTO member(index_id, slot) VALUES(?, ?)');
  const dropMember = db.prepare<[number, number]>('DELETE FROM member WHERE index_id = ? AND slot = ?');
  const countMembers = db.prepare<[number], { n: number }>('SELECT count(*) AS n FROM member WHERE index_id = ?');
  const slots = db
    .prepare<[number, number, number], number>(
      'SELECT slot FROM member WHERE index_id = ? AND slot > ? ORDER BY slot LIMIT ?',
    )
    .pluck();
  const byId = db.prepare<[number], IndexRow>(`${joined} WHERE i.id = ?`);
  const segments = db.prepare<[number], SegmentRow>('SELECT * FROM ann_segment WHERE index_id = ? ORDER BY id');
  const files = db.prepare<[], string>('SELECT file FROM ann_segment').pluck();
  const newSegment = db.prepare<
    [number, string, number, number, Buffer, number, string, number, number, number, string, number, string]
  >(
    `INSERT INTO ann_segment(index_id, file, count, bytes, sha256, dim, space, m, ef_construction, ef, library, recall, created_at)
     VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const dropSegment = db.prepare<[number]>('DELETE FROM ann_segment WHERE id = ?');
  const textsWithout = db.prepare<[number, number, Buffer, number], { h: Buffer; text: string }>(
    `SELECT t.h, (SELECT c.text FROM chunk c WHERE c.group_id = t.group_id AND c.h = t.h LIMIT 1) AS text
     FROM live_text t LEFT JOIN vec v ON v.embedder_id = ? AND v.h = t.h
     WHERE t.group_id = ? AND t.h > ? AND v.slot IS NULL ORDER BY t.h LIMIT ?`,
  );
  const dropMembers = db.prepare<[number, number, number]>(
    'DELETE FROM member WHERE index_id = ? AND slot IN (SELECT slot FROM member WHERE index_id = ? LIMIT ?)',
  );
  const drop = db.prepare<[number]>('DELETE FROM ann_index WHERE id = ?');
  return {
    /** One more live chunk has this text; true when it is the first. */
    addText: (groupId: number, hash: Buffer): boolean => addText.get(groupId, hash)?.refs === 1,
    /** One live chunk less has this text; true when it was the last. */
    removeText(groupId: number, hash: Buffer): boolean {
      const refs = textRefs.get(groupId, hash)?.refs ?? 0;
      if (refs > 1) lessText.run(groupId, hash);
      else dropText.run(groupId, hash);
      return refs === 1;
    },
    isLive: (groupId: number, hash: Buffer): boolean => textRefs.get(groupId, hash) !== undefined,
    countTexts: (groupId: number) => countTexts.get(groupId)?.n ?? 0,
    all: () => all.all(),
    ofGroup: (groupId: number) => ofGroup.all(groupId),
    ofEmbedder: (embedderId: number) => ofEmbedder.all(embedderId),
    find: (groupId: number, embedderId: number) => find.get(groupId, embedderId),
    create: (groupId: number, embedderId: number): number => Number(create.run(groupId, embedderId).lastInsertRowid),
    /** Gives a new index the vectors that are there already (of another knowledge base, or from before). */
    fill: (indexId: number, embedderId: number, groupId: number) => fill.run(indexId, embedderId, groupId),
    addMember: (indexId: number, slot: number): boolean => addMember.run(indexId, slot).changes > 0,
    removeMember: (indexId: number, slot: number): boolean => dropMember.run(indexId, slot).changes > 0,
    countMembers: (indexId: number) => countMembers.get(indexId)?.n ?? 0,
    slotsAfter: (indexId: number, slot: number, limit: number): number[] => slots.all(indexId, slot, limit),
    byId: (indexId: number) => byId.get(indexId),
    segments: (indexId: number) => segments.all(indexId),
    segmentFiles: () => files.all(),
    newSegment: (indexId: number, s: Omit<SegmentRow, 'id' | 'index_id'>, at: string): number =>
      Number(
        newSegment.run(
          indexId,
          s.file,
          s.count,
          s.bytes,
          s.sha256,
          s.dim,
          s.space,
          s.m,
          s.ef_construction,
          s.ef,
          s.library,
          s.recall,
          at,
        ).lastInsertRowid,
      ),
    dropSegment: (id: number) => dropSegment.run(id),
    /** Live texts of a group without a vector of an embedder, by their hash, after one. */
    textsWithout: (groupId: number, embedderId: number, after: Buffer, limit: number) =>
      textsWithout.all(embedderId, groupId, after, limit),
    /** Takes up to `limit` members out of an index; returns how many. */
    dropSomeMembers: (indexId: number, limit: number): number => dropMembers.run(indexId, indexId, limit).changes,
    /** An index without members and segments. */
    drop: (indexId: number) => drop.run(indexId),
  };
}
