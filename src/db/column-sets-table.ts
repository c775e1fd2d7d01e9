import type { Database } from 'better-sqlite3';

/** Columns saved by name, in the order of their names. */
export function columnSetsTable(db: Database) {
  const list = db.prepare<[], { name: string; columns: string }>(
    'SELECT name, columns FROM column_set ORDER BY name COLLATE NOCASE, name',
  );
  const save = db.prepare<[string, string, string]>(
    `INSERT INTO column_set(name, saved_at, columns) VALUES(?, ?, ?)
     ON CONFLICT(name) DO UPDATE SET saved_at = excluded.saved_at, columns = excluded.columns`,
  );
  const remove = db.prepare<[string]>('DELETE FROM column_set WHERE name = ?');
  return {
    /** `columns` is JSON. */
    list: () => list.all(),
    save: (name: string, at: string, columns: string): void => void save.run(name, at, columns),
    remove: (name: string): boolean => remove.run(name).changes > 0,
  };
}
