import Database from 'better-sqlite3';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';

/** What went wrong in SQLite, in our words; anything else as `toRagtuiError` has it. */
export function toDbError(error: unknown): RagtuiError {
  if (!(error instanceof Database.SqliteError)) return toRagtuiError(error);
  const options = { cause: error };
  const { code } = error;
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_WRITE' || code === 'SQLITE_IOERR_FSYNC') {
    return new RagtuiError(
      'disk-full',
      'The disk of the workspace is full: nothing of this step was stored, what was there is intact.',
      'Free some space and run the same command again.',
      options,
    );
  }
  if (code === 'SQLITE_CORRUPT' || code.startsWith('SQLITE_CORRUPT_') || code === 'SQLITE_NOTADB') {
    return new RagtuiError(
      'corrupt',
      `The database is damaged (${error.message}).`,
      'Restore ragtui.db from a backup, or move it away and ingest again.',
      options,
    );
  }
  if (code === 'SQLITE_BUSY' || code.startsWith('SQLITE_BUSY_')) {
    return new RagtuiError('busy', 'Another process is writing the database.', 'Try again in a moment.', options);
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_CANTOPEN' || code === 'SQLITE_PERM') {
    return new RagtuiError(
      'permission',
      `The database cannot be opened for writing (${error.message}).`,
      'Check the owner and mode of the workspace folder.',
      options,
    );
  }
  return new RagtuiError('internal', `SQLite: ${error.message} (${code})`, '', options);
}
