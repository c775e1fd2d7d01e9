import Database from 'better-sqlite3';
import { toDbError } from './errors.ts';

export interface WriterLock {
  release(): void;
}

/**
 * Becomes the one writer of the workspace, or returns undefined when another process is. An exclusive transaction on
 * a tiny database of its own: the kernel frees it when we die, however we die; no pid file can lie.
 */
export function acquireWriterLock(file: string): WriterLock | undefined {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
    const held = db;
    return { release: () => held.close() };
  } catch (error) {
    db?.close();
    const problem = toDbError(error);
    if (problem.code === 'busy') return undefined;
    throw problem;
  }
}
