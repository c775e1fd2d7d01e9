import type { Database } from 'better-sqlite3';

interface Size {
  readonly count: number;
  readonly bytes: number;
}

/** What is no longer needed. */
export function garbageTable(db: Database) {
  const documents = db.prepare<[string], Size>(
    `SELECT count(*) AS count, coalesce(sum(length(r.text)), 0) AS bytes FROM doc d LEFT JOIN doc_rev r ON r.doc_id = d.id
     WHERE d.state = 'trash' AND d.trashed_at < ?`,
  );
  const comparisons = db.prepare<[string], Size>(
    'SELECT count(*) AS count, 0 AS bytes FROM comparison WHERE trashed_at < ?',
  );
  // No index wants it, and no chunk of any revision has its text: neither a document in the trash nor one being ingested.
  // Or no knowledge base has its embedder any more.
  const page = db.prepare<[number, number], { slot: number; bytes: number; orphan: number }>(
    `SELECT v.slot, length(v.v) AS bytes,
       NOT EXISTS (SELECT 1 FROM ann_index i JOIN member m ON m.index_id = i.id AND m.slot = v.slot)
       AND (NOT EXISTS (SELECT 1 FROM node_group g JOIN chunk c ON c.group_id = g.id AND c.h = v.h)
         OR NOT EXISTS (SELECT 1 FROM kb_embedder k WHERE k.embedder_id = v.embedder_id)) AS orphan
     FROM vec v WHERE v.slot > ? ORDER BY v.slot LIMIT ?`,
  );
  const drop = db.prepare<[number]>('DELETE FROM vec WHERE slot = ?');
  const none: Size = { count: 0, bytes: 0 };
  return {
    trash: (before: string) => ({
      documents: documents.get(before) ?? none,
      comparisons: comparisons.get(before) ?? none,
    }),
    /** The next `limit` vectors after `slot`: the last one's slot (undefined at the end), and which nobody needs. */
    vectorsAfter(
      slot: number,
      limit: number,
    ): { last: number | undefined; orphans: { slot: number; bytes: number }[] } {
      const rows = page.all(slot, limit);
      return { last: rows.at(-1)?.slot, orphans: rows.filter(({ orphan }) => orphan === 1) };
    },
    dropVector: (slot: number) => drop.run(slot),
  };
}
