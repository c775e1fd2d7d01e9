import { setImmediate as nextTick } from 'node:timers/promises';
import type { IndexRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import { toVector } from '../../db/vectors-table.ts';
import type { IndexChange } from '../store/context.ts';
import type { Neighbour } from './ann-index.ts';
import { ExactIndex } from './exact.ts';

const BATCH = 256;

/** One index in memory: what `member` says must be found. */
export class OpenIndex {
  readonly exact: ExactIndex;
  readonly ready: Promise<void>;
  #loading = true;
  readonly #late: IndexChange[] = [];

  constructor(
    readonly row: IndexRow,
    readonly tables: Tables,
  ) {
    this.exact = new ExactIndex(row.dim, 1024);
    this.ready = this.#load();
  }

  search(query: Float32Array, k: number): { found: Neighbour[]; kind: 'exact' | 'hnsw' } {
    return { found: this.exact.search(query, k), kind: 'exact' };
  }

  /** Follows a commit. */
  apply(change: IndexChange): void {
    if (this.#loading) {
      this.#late.push(change);
      return;
    }
    if (change.op === 'remove') {
      this.exact.remove(change.slot);
      return;
    }
    const bytes = this.tables.vectors.bySlot(change.slot);
    if (bytes) this.exact.add(change.slot, toVector(bytes));
  }

  async #load(): Promise<void> {
    let after = 0;
    for (;;) {
      const batch = this.tables.index.membersAfter(this.row.id, after, BATCH);
      for (const { slot, v } of batch) {
        this.exact.add(slot, toVector(v));
        after = slot;
      }
      if (batch.length < BATCH) break;
      await nextTick();
    }
    this.#loading = false;
    // What was committed while the rows were read: applying it twice changes nothing.
    for (const change of this.#late) this.apply(change);
  }
}

/** The indexes that were asked for since the service started. */
export class IndexSet {
  readonly #open = new Map<number, OpenIndex>();

  constructor(readonly tables: Tables) {}

  async get(row: IndexRow): Promise<OpenIndex> {
    let index = this.#open.get(row.id);
    if (!index) {
      index = new OpenIndex(row, this.tables);
      this.#open.set(row.id, index);
    }
    await index.ready;
    return index;
  }

  apply(changes: readonly IndexChange[]): void {
    for (const change of changes) this.#open.get(change.indexId)?.apply(change);
  }
}
