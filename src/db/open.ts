import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { RagtuiError } from '../platform/errors.ts';
import { toDbError } from './errors.ts';
import { assertLocalFileSystem } from './filesystem.ts';
import { migrate } from './migrate.ts';
import { Writer } from './writer.ts';
import { acquireWriterLock } from './writer-lock.ts';

export interface DatabaseFiles {
  readonly home: string;
  readonly database: string;
  readonly writerLock: string;
}

/** The open database: one connection that writes, one that reads a consistent past while a write is going on. */
export interface OpenDatabase {
  readonly writer: Writer;
  readonly read: Database.Database;
  /** False when the last process died: the caller then checks what lives outside the database. */
  readonly cleanlyClosed: boolean;
  close(): void;
}

/**
 * Opens the workspace's database as its only writer; makes it if there is none.
 * Throws `busy` when another process writes it, `unsupported`, `corrupt`, `permission`, `disk-full`.
 */
export function openDatabase(files: DatabaseFiles): OpenDatabase {
  assertLocalFileSystem(files.home);
  const lock = acquireWriterLock(files.writerLock);
  if (!lock) {
    throw new RagtuiError('busy', `Another process has ${files.database} open for writing.`, 'Use its service.');
  }
  let write: Database.Database | undefined;
  let read: Database.Database | undefined;
  try {
    createPrivate(files.database);
    write = new Database(files.database);
    // Only an empty file takes a page size; must come before WAL. 16 KiB was the fastest and smallest for 2 KB vectors.
    write.pragma('page_size = 16384');
    write.pragma('journal_mode = WAL');
    setPragmas(write);
    migrate(write, files.database);
    const cleanlyClosed = checkLastStop(write);
    read = openReader(files.database);
    const [writing, reading] = [write, read];
    return {
      writer: new Writer(writing),
      read: reading,
      cleanlyClosed,
      close() {
        reading.close();
        if (!writing.inTransaction) setMeta(writing, 'clean', '1');
        writing.close();
        lock.release();
      },
    };
  } catch (error) {
    read?.close();
    write?.close();
    lock.release();
    throw toDbError(error);
  }
}

/** A connection that cannot write, for this process or a child of it. */
export function openReader(file: string): Database.Database {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  setPragmas(db);
  return db;
}

function setPragmas(db: Database.Database): void {
  db.pragma('busy_timeout = 5000');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cache_size = -65536');
  if (db.readonly) return;
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 1000');
  db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
}

function createPrivate(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

/** After an unclean stop the pages are checked before anything is read. Marks the database as in use. */
function checkLastStop(db: Database.Database): boolean {
  const clean = getMeta(db, 'clean') !== '0';
  if (!clean) {
    const found = String(db.pragma('quick_check(1)', { simple: true }));
    if (found !== 'ok') {
      throw new RagtuiError(
        'corrupt',
        `The database is damaged: ${found}.`,
        'Restore ragtui.db from a backup, or move it away and ingest again.',
      );
    }
  }
  setMeta(db, 'clean', '0');
  return clean;
}

export function getMeta(db: Database.Database, key: string): string | undefined {
  return db.prepare<[string], { v: string }>('SELECT v FROM meta WHERE k = ?').get(key)?.v;
}

export function setMeta(db: Database.Database, key: string, value: string): void {
  db.prepare('INSERT INTO meta(k, v) VALUES(?, ?) ON CONFLICT(k) DO UPDATE SET v = excluded.v').run(key, value);
}
