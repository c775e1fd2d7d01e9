import { existsSync, rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { RagtuiError } from '../platform/errors.ts';
import { base } from './migrations/001-base.ts';
import { vectorChecksums } from './migrations/002-vector-checksums.ts';
import { comparisons } from './migrations/003-comparisons.ts';
import { projections } from './migrations/004-projections.ts';

/** Step n (from 1) takes `user_version` n-1 to n. Never edit a step that was released; add one. */
const STEPS: readonly string[] = [base, vectorChecksums, comparisons, projections];
/** "RAGT": tells our database from any other SQLite file. */
const APPLICATION_ID = 0x52414754;

/** Brings the schema up to date, each step in one transaction, with a copy of a database that was there taken first. */
export function migrate(db: Database, file: string, steps: readonly string[] = STEPS): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  const application = Number(db.pragma('application_id', { simple: true }));
  const tables = Number(db.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n ?? 0);
  if (application !== APPLICATION_ID && tables > 0) {
    throw new RagtuiError('invalid', `${file} is not a ragtui database.`, 'Choose another folder with --home.');
  }
  if (version > steps.length) {
    throw new RagtuiError(
      'unsupported',
      `${file} was written by a newer ragtui (schema ${version}, this one knows ${steps.length}).`,
      'Update ragtui, or use another workspace with --home.',
    );
  }
  for (let next = version + 1; next <= steps.length; next += 1) {
    if (version > 0) copyBefore(db, `${file}.before-schema-${next}`);
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(steps[next - 1] ?? '');
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${next}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

function copyBefore(db: Database, copy: string): void {
  if (existsSync(copy)) rmSync(copy);
  db.prepare('VACUUM INTO ?').run(copy);
}
