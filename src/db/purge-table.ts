import type { Database } from 'better-sqlite3';
import { dropFts } from './fts-table.ts';

const BATCH = 500;

/** Deleting what is no longer reachable, a few rows at a time. Each step returns false when there is nothing left. */
export function purgeTable(db: Database) {
  const groups = db.prepare<[number], { id: number }>('SELECT id FROM node_group WHERE kb_id = ?');
  const files = db
    .prepare<[number], string>(
      `SELECT s.file FROM ann_segment s JOIN ann_index i ON i.id = s.index_id JOIN node_group g ON g.id = i.group_id
       WHERE g.kb_id = ?`,
    )
    .pluck();
  const inKb = {
    segments: 'index_id IN (SELECT i.id FROM ann_index i JOIN node_group g ON g.id = i.group_id WHERE g.kb_id = ?)',
    groups: 'group_id IN (SELECT id FROM node_group WHERE kb_id = ?)',
    docs: 'doc_id IN (SELECT id FROM doc WHERE kb_id = ?)',
  };
  const steps = [
    db.prepare<[number]>(`DELETE FROM ann_segment WHERE ${inKb.segments}`),
    db.prepare<[number]>(
      `DELETE FROM member WHERE (index_id, slot) IN (SELECT index_id, slot FROM member WHERE ${inKb.segments} LIMIT ${BATCH})`,
    ),
    db.prepare<[number]>(`DELETE FROM ann_index WHERE ${inKb.groups}`),
    db.prepare<[number]>(
      `DELETE FROM live_text WHERE (group_id, h) IN (SELECT group_id, h FROM live_text WHERE ${inKb.groups} LIMIT ${BATCH})`,
    ),
    db.prepare<[number]>(`DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE ${inKb.groups} LIMIT ${BATCH})`),
    db.prepare<[number]>(`DELETE FROM doc_rev WHERE id IN (SELECT id FROM doc_rev WHERE ${inKb.docs} LIMIT ${BATCH})`),
    db.prepare<[number]>(`DELETE FROM doc WHERE id IN (SELECT id FROM doc WHERE kb_id = ? LIMIT ${BATCH})`),
    db.prepare<[number]>(`DELETE FROM source WHERE id IN (SELECT id FROM source WHERE kb_id = ? LIMIT ${BATCH})`),
    db.prepare<[number]>('DELETE FROM node_group WHERE kb_id = ?'),
    db.prepare<[number]>('DELETE FROM kb_embedder WHERE kb_id = ?'),
    db.prepare<[number]>('DELETE FROM kb_root WHERE kb_id = ?'),
    db.prepare<[number]>('DELETE FROM kb WHERE id = ?'),
  ];
  return {
    segmentFiles: (kbId: number) => files.all(kbId),
    /** Removes the full-text tables of a knowledge base. */
    dropFullText(kbId: number): number[] {
      const ids = groups.all(kbId).map((row) => row.id);
      for (const id of ids) dropFts(db, id);
      return ids;
    },
    /** One batch of the rows of a deleted knowledge base; call until it returns false. */
    deleteSome(kbId: number): boolean {
      return steps.some((step) => step.run(kbId).changes > 0);
    },
  };
}
