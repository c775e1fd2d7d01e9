import type { Database } from 'better-sqlite3';

export interface AnswerRow {
  readonly id: number;
  readonly at: string;
  readonly kb: string;
  readonly question: string;
  /** JSON of an Answer. */
  readonly body: string;
}

/** History of answers, newest first. */
export function answersTable(db: Database) {
  const insert = db.prepare<[string, string, string, string]>(
    'INSERT INTO answer(at, kb, question, body) VALUES(?, ?, ?, ?)',
  );
  const list = db.prepare<{ filter: string; limit: number }, AnswerRow>(
    `SELECT * FROM answer WHERE $filter = '' OR instr(lower(question), lower($filter)) > 0 OR instr(lower(kb), lower($filter)) > 0
     ORDER BY id DESC LIMIT $limit`,
  );
  const remove = db.prepare<[number]>('DELETE FROM answer WHERE id = ?');
  return {
    insert: (at: string, kb: string, question: string, body: string): number =>
      Number(insert.run(at, kb, question, body).lastInsertRowid),
    list: (filter: string, limit: number) => list.all({ filter, limit }),
    remove: (id: number): boolean => remove.run(id).changes > 0,
  };
}
