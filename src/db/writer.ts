import { setImmediate as nextTick } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { crashPoint } from '../platform/crash-point.ts';
import { toDbError } from './errors.ts';

/** A write in progress. Searches are answered in its pauses, from the state before it. */
export interface Transaction {
  readonly db: Database;
  /** Call in loops: lets others run when this write has had its slice of time. */
  pause(): Promise<void> | undefined;
  /** Runs right after the commit, in the same turn, so that memory never shows what the database does not have. */
  afterCommit(apply: () => void): void;
}

/** How long a write may keep the thread (ms): a search waits at most about this long. */
const SLICE_MS = 2;

/** Queues transactions of one connection: one at a time, in the order asked for. */
export class Writer {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** Told after every commit. */
  onCommit: () => void = () => undefined;

  constructor(readonly db: Database) {}

  /** Runs `work` in one transaction; all of it is committed and synced to disk when this resolves, or none of it. */
  run<T>(work: (tx: Transaction) => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#transaction(work));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all that was asked for so far is done. */
  async settled(): Promise<void> {
    await this.#last;
  }

  close(): void {
    this.#closed = true;
  }

  async #transaction<T>(work: (tx: Transaction) => T | Promise<T>): Promise<T> {
    if (this.#closed) throw toDbError(new Error('The service is closing.'));
    const { db } = this;
    const hooks: (() => void)[] = [];
    let sliceStart = performance.now();
    const tx: Transaction = {
      db,
      pause() {
        if (performance.now() - sliceStart < SLICE_MS) return undefined;
        return nextTick().then(() => {
          sliceStart = performance.now();
        });
      },
      afterCommit: (apply) => hooks.push(apply),
    };
    try {
      db.exec('BEGIN IMMEDIATE');
      const result = await work(tx);
      crashPoint('before_commit');
      db.exec('COMMIT');
      crashPoint('after_commit');
      for (const apply of hooks) apply();
      this.onCommit();
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors (a full disk among them).
      if (db.inTransaction) db.exec('ROLLBACK');
      throw toDbError(error);
    }
  }
}
