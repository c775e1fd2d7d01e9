import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toDbError } from '../../../src/db/errors.ts';
import { assertLocalFileSystem } from '../../../src/db/filesystem.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { base } from '../../../src/db/migrations/001-base.ts';
import { type OpenDatabase, openDatabase } from '../../../src/db/open.ts';
import { acquireWriterLock } from '../../../src/db/writer-lock.ts';
import { tempWorkspace } from '../../support/kb-service.ts';

let workspace: ReturnType<typeof tempWorkspace>;
let db: OpenDatabase | undefined;
beforeEach(() => {
  workspace = tempWorkspace();
});
afterEach(() => {
  db?.close();
  db = undefined;
  workspace.remove();
});

const open = () => {
  db = openDatabase(workspace.paths);
  return db;
};
const pragma = (name: string) => db?.writer.db.pragma(name, { simple: true });

describe('opening', () => {
  it('sets what keeps data through a power cut', () => {
    open();
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('page_size')).toBe(16384);
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('trusted_schema')).toBe(0);
    expect(pragma('application_id')).toBe(0x52414754);
    expect(statSync(workspace.paths.database).mode & 0o777).toBe(0o600);
  });

  it('gives the writing to one process only', () => {
    open();
    expect(() => openDatabase(workspace.paths)).toThrowError(expect.objectContaining({ code: 'busy' }));
    db?.close();
    const lock = acquireWriterLock(workspace.paths.writerLock);
    db = undefined;
    expect(lock).toBeDefined();
    lock?.release();
  });

  it('refuses a database of a newer program, and leaves it as it is', () => {
    open().close();
    db = undefined;
    const raw = new Database(workspace.paths.database);
    raw.pragma('user_version = 99');
    raw.close();
    expect(open).toThrowError(expect.objectContaining({ code: 'unsupported' }));
    const again = new Database(workspace.paths.database, { readonly: true });
    expect(again.pragma('user_version', { simple: true })).toBe(99);
    again.close();
  });

  it('refuses a file of another program', () => {
    const raw = new Database(workspace.paths.database);
    raw.exec('CREATE TABLE notes(a)');
    raw.close();
    expect(open).toThrowError(expect.objectContaining({ code: 'invalid' }));
  });

  it('says that a file is no database', () => {
    writeFileSync(workspace.paths.database, 'x'.repeat(40_000));
    expect(open).toThrowError(expect.objectContaining({ code: 'corrupt' }));
  });

  it('checks the pages after an unclean stop', () => {
    open();
    db?.writer.db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO answer(at, kb, question, body) SELECT 'now', 'k', 'q' || i, hex(randomblob(100)) FROM n`);
    db?.writer.db.pragma('wal_checkpoint(TRUNCATE)');
    // What a kill leaves behind: the file, without our goodbye in it.
    const killed = tempWorkspace();
    copyFileSync(workspace.paths.database, killed.paths.database);
    const raw = new Database(killed.paths.database);
    const page = Number(raw.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'answer'").pluck().get());
    raw.close();
    damagePage(killed.paths.database, page);
    expect(() => openDatabase(killed.paths)).toThrowError(expect.objectContaining({ code: 'corrupt' }));
    killed.remove();
  });
});

function damagePage(file: string, page: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xff, (page - 1) * 16384, (page - 1) * 16384 + 64);
  writeFileSync(file, bytes);
}

describe('migrations', () => {
  it('leave no copy of a database that was just made', () => {
    openDatabase(workspace.paths).close();
    expect(readdirSync(workspace.paths.home).filter((name) => name.includes('before-schema'))).toEqual([]);
  });
  it('copy the database first and undo a failed step', () => {
    const file = workspace.paths.database;
    const raw = new Database(file);
    migrate(raw, file, [base]);
    expect(() => migrate(raw, file, [base, 'CREATE TABLE extra(a) STRICT; SELECT broken'])).toThrow();
    expect(raw.pragma('user_version', { simple: true })).toBe(1);
    migrate(raw, file, [base, 'CREATE TABLE extra(a INTEGER) STRICT']);
    expect(raw.pragma('user_version', { simple: true })).toBe(2);
    raw.close();
    const copy = new Database(`${file}.before-schema-2`, { readonly: true });
    expect(copy.pragma('user_version', { simple: true })).toBe(1);
    copy.close();
  });
});

describe('what the schema itself refuses', () => {
  it('a vector of another length than its embedder, or one that changes', () => {
    const { writer } = open();
    writer.db.exec("INSERT INTO embedder(id, fp, dim) VALUES(1, x'00112233445566778899aabbccddeeff', 2)");
    const insert = writer.db.prepare('INSERT INTO vec(embedder_id, h, v) VALUES(1, ?, ?)');
    expect(() => insert.run(Buffer.alloc(16), Buffer.alloc(12))).toThrow(/dimension of its embedder/);
    insert.run(Buffer.alloc(16), Buffer.alloc(8));
    expect(() => writer.db.exec('UPDATE vec SET slot = 7')).toThrow(/never changes/);
  });

  it('a value of the wrong type', () => {
    const { writer } = open();
    expect(() => writer.db.exec("INSERT INTO kb(name, created_at, deleted) VALUES('a', 'now', 'no')")).toThrow(
      /cannot store/,
    );
  });
});

describe('a full disk', () => {
  it('fails the write with a clear error and keeps what was there', async () => {
    const { writer, read } = open();
    const add = (body: string) =>
      writer.run((tx) => {
        tx.db.prepare("INSERT INTO answer(at, kb, question, body) VALUES('now', 'k', 'q', ?)").run(body);
      });
    await add('small');
    const pages = Number(writer.db.pragma('page_count', { simple: true }));
    writer.db.pragma(`max_page_count = ${pages + 4}`);
    await expect(add('x'.repeat(1_000_000))).rejects.toMatchObject({ code: 'disk-full' });
    expect(read.prepare('SELECT body FROM answer').pluck().all()).toEqual(['small']);
    expect(writer.db.pragma('integrity_check', { simple: true })).toBe('ok');
    await add('still small');
    expect(read.prepare('SELECT count(*) FROM answer').pluck().get()).toBe(2);
  });
});

describe('file systems', () => {
  const probe = (type: number, mounts = '') => ({ type: () => type, mounts: () => mounts });

  // Magic numbers from statfs(2).
  it.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [-11317950, 'CIFS'],
  ])('refuses %i', (type, name) => {
    expect(() => assertLocalFileSystem('/w', probe(type))).toThrowError(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining(name) }),
    );
  });

  it('tells a remote FUSE mount from a local one', () => {
    const mounts =
      'a / ext4 rw 0 0\nuser@host: /home/me/my\\040remote fuse.sshfs rw 0 0\nx /enc fuse.gocryptfs rw 0 0\n';
    expect(() => assertLocalFileSystem('/home/me/my remote/w', probe(0x65735546, mounts))).toThrow(/sshfs/);
    expect(() => assertLocalFileSystem('/enc/w', probe(0x65735546, mounts))).not.toThrow();
    expect(() => assertLocalFileSystem('/w', probe(0xef53))).not.toThrow();
  });
});

describe('errors', () => {
  it('names a full disk for every way SQLite says it', () => {
    for (const code of ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_FSYNC']) {
      expect(toDbError(new Database.SqliteError('x', code)).code).toBe('disk-full');
    }
  });
});
