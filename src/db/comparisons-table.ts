import type { Database } from 'better-sqlite3';

type ColumnStateText = 'open' | 'ok' | 'empty' | 'failed' | 'cancelled';

export interface ComparisonRow {
  readonly id: number;
  readonly at: string;
  readonly kb: string;
  readonly question: string;
  readonly state: 'open' | 'ended' | 'cut';
  readonly head: string;
}

/** A row of the list; `columns` and `vote` are JSON. */
export interface ComparisonListRow extends Omit<ComparisonRow, 'head'> {
  readonly columns: string;
  readonly vote: string | null;
}

export interface ComparisonColumnRow {
  readonly ord: number;
  readonly name: string;
  readonly state: ColumnStateText;
  readonly settings: string;
  readonly said: string;
  readonly gathered: string | null;
  readonly body: string | null;
}

/** One column of a comparison that was voted on. */
export interface VotedColumnRow {
  readonly id: number;
  readonly at: string;
  readonly vote: string;
  readonly question: string;
  readonly kb: string;
  readonly settings: string;
  readonly state: ColumnStateText;
  readonly embedder: string | null;
  readonly digest: string | null;
}

export interface ListWish {
  /** JSON array of lower-case words. */
  readonly words: string;
  /** 1 = only voted, 0 = only not voted, null = all. */
  readonly voted: number | null;
}

/** Comparisons that are not in the trash and have every word. */
const WANTED = `c.trashed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM json_each($words) w WHERE instr(c.words, w.value) = 0)
  AND ($voted IS NULL OR $voted = EXISTS (SELECT 1 FROM comparison_vote v WHERE v.comparison_id = c.id))`;

/** History of comparisons: heads, columns, votes. Bodies are JSON. */
export function comparisonsTable(db: Database) {
  const insert = db.prepare<[string, string, string, string, string]>(
    "INSERT INTO comparison(at, kb, question, state, words, head) VALUES(?, ?, ?, 'open', ?, ?)",
  );
  const insertColumn = db.prepare<[number, number, string, string, string]>(
    "INSERT INTO comparison_column(comparison_id, ord, name, llm, state, settings) VALUES(?, ?, ?, ?, 'open', ?)",
  );
  const say = db.prepare<[string, string | null, number, number]>(
    `UPDATE comparison_column SET said = said || ?, gathered = coalesce(?, gathered)
     WHERE comparison_id = ? AND ord = ? AND state = 'open'`,
  );
  const endColumn = db.prepare<[string, string, number, number]>(
    "UPDATE comparison_column SET state = ?, body = ?, said = '', gathered = NULL WHERE comparison_id = ? AND ord = ?",
  );
  const end = db.prepare<[string, number]>('UPDATE comparison SET state = ? WHERE id = ?');
  const byId = db.prepare<[number], ComparisonRow>(
    'SELECT id, at, kb, question, state, head FROM comparison WHERE id = ? AND trashed_at IS NULL',
  );
  const columns = db.prepare<[number], ComparisonColumnRow>(
    `SELECT ord, name, state, settings, said, gathered, body FROM comparison_column WHERE comparison_id = ? ORDER BY ord`,
  );
  const count = db.prepare<ListWish, number>(`SELECT count(*) FROM comparison c WHERE ${WANTED}`).pluck();
  const list = db.prepare<ListWish & { limit: number; offset: number }, ComparisonListRow>(
    `SELECT c.id, c.at, c.kb, c.question, c.state,
       (SELECT json_group_array(json_object('name', k.name, 'llm', k.llm, 'state', k.state) ORDER BY k.ord)
        FROM comparison_column k WHERE k.comparison_id = c.id) AS columns,
       (SELECT v.body FROM comparison_vote v WHERE v.comparison_id = c.id) AS vote
     FROM comparison c WHERE ${WANTED} ORDER BY c.id DESC LIMIT $limit OFFSET $offset`,
  );
  const trash = db.prepare<[string | null, number]>('UPDATE comparison SET trashed_at = ? WHERE id = ?');
  const purge = db.prepare<[string, number]>(
    'DELETE FROM comparison WHERE id IN (SELECT id FROM comparison WHERE trashed_at < ? ORDER BY id LIMIT ?)',
  );
  const expired = db.prepare<[string], number>('SELECT count(*) FROM comparison WHERE trashed_at < ?').pluck();
  const vote = db.prepare<[number], { at: string; body: string }>(
    'SELECT at, body FROM comparison_vote WHERE comparison_id = ?',
  );
  const setVote = db.prepare<[number, string, string]>(
    `INSERT INTO comparison_vote(comparison_id, at, body) VALUES(?, ?, ?)
     ON CONFLICT(comparison_id) DO UPDATE SET at = excluded.at, body = excluded.body`,
  );
  const dropVote = db.prepare<[number]>('DELETE FROM comparison_vote WHERE comparison_id = ?');
  const voted = db.prepare<[], VotedColumnRow>(
    `SELECT c.id, v.at, v.body AS vote, c.question, c.kb, k.settings, k.state,
       k.body ->> '$.answer.models.embedder' AS embedder, k.body ->> '$.server.digest' AS digest
     FROM comparison_vote v JOIN comparison c ON c.id = v.comparison_id AND c.trashed_at IS NULL
     JOIN comparison_column k ON k.comparison_id = c.id ORDER BY v.at, c.id, k.ord`,
  );
  const kbState = db.prepare<[number], { n: number; last: number; sum: number }>(
    `SELECT count(*) AS n, coalesce(max(current_rev), 0) AS last, coalesce(sum(current_rev), 0) AS sum
     FROM doc WHERE kb_id = ? AND state <> 'trash' AND current_rev IS NOT NULL`,
  );
  const fingerprints = db.prepare<[number], { name: string; fp: Buffer | null }>(
    `SELECT k.name, e.fp FROM kb_embedder k LEFT JOIN embedder e ON e.id = k.embedder_id WHERE k.kb_id = ? ORDER BY k.ord`,
  );
  return {
    insert: (at: string, kb: string, question: string, words: string, head: string): number =>
      Number(insert.run(at, kb, question, words, head).lastInsertRowid),
    insertColumn: (id: number, ord: number, name: string, llm: string, settings: string): void =>
      void insertColumn.run(id, ord, name, llm, settings),
    say: (id: number, ord: number, text: string, gathered: string | null): void =>
      void say.run(text, gathered, id, ord),
    /** False when there is no such column. */
    endColumn: (id: number, ord: number, state: ColumnStateText, body: string): boolean =>
      endColumn.run(state, body, id, ord).changes > 0,
    end: (id: number, state: 'ended' | 'cut'): boolean => end.run(state, id).changes > 0,
    byId: (id: number) => byId.get(id),
    columns: (id: number) => columns.all(id),
    count: (wish: ListWish): number => count.get(wish) ?? 0,
    list: (wish: ListWish, limit: number, offset: number) => list.all({ ...wish, limit, offset }),
    trash: (id: number, at: string | null): boolean => trash.run(at, id).changes > 0,
    /** Deletes some of those trashed before; false when there are no more. */
    purge: (before: string, some: number): boolean => purge.run(before, some).changes > 0,
    expired: (before: string): number => expired.get(before) ?? 0,
    vote: (id: number) => vote.get(id),
    setVote: (id: number, at: string, body: string): void => void setVote.run(id, at, body),
    dropVote: (id: number): void => void dropVote.run(id),
    voted: () => voted.all(),
    kbState: (kbId: number) => kbState.get(kbId) ?? { n: 0, last: 0, sum: 0 },
    fingerprints: (kbId: number) => fingerprints.all(kbId),
  };
}
