import { statSync } from 'node:fs';
import hnswlib from 'hnswlib-node';
import type { SegmentRow } from '../../db/index-table.ts';
import type { AnnIndex, Neighbour } from './ann-index.ts';
import { broken, efFor, HNSW, hashOfFile } from './hnsw-file.ts';
import { TopK } from './top-k.ts';

/**
 * A segment of an index, read from a file that never changes. Only for processes that may die: hnswlib follows
 * whatever links a file has, so a file is opened only when size, hash, dimension and count are those in the database.
 */
export class HnswSegment implements AnnIndex {
  readonly kind = 'hnsw';
  readonly #labels: Set<number>;
  /** In the file, but not to be found any more. */
  readonly #dead = new Set<number>();
  readonly #query: number[];
  /** The least and the largest slot in the file: most questions for a slot are about another segment's. */
  readonly #low: number;
  readonly #high: number;

  private constructor(
    public row: SegmentRow,
    readonly graph: hnswlib.HierarchicalNSW,
  ) {
    this.#labels = new Set(graph.getIdsList());
    let [low, high] = [Number.POSITIVE_INFINITY, 0];
    for (const slot of this.#labels) {
      low = Math.min(low, slot);
      high = Math.max(high, slot);
    }
    this.#low = low;
    this.#high = high;
    this.#query = new Array<number>(row.dim).fill(0);
  }

  /** Throws `corrupt` when the file is not the one the row describes. */
  static async open(file: string, row: SegmentRow, dim: number): Promise<HnswSegment> {
    const bytes = statSync(file, { throwIfNoEntry: false })?.size;
    if (bytes === undefined) throw broken(file, 'is missing');
    if (bytes !== row.bytes) throw broken(file, `has ${bytes} bytes, not ${row.bytes}`);
    if (row.dim !== dim || row.space !== HNSW.space || row.m !== HNSW.m) throw broken(file, 'was built differently');
    if (!(await hashOfFile(file)).equals(row.sha256)) throw broken(file, 'is not the one that was written');
    // A fresh object each time: one whose read failed must never be used again.
    const graph = new hnswlib.HierarchicalNSW(HNSW.space, dim);
    await graph.readIndex(file);
    const segment = new HnswSegment(row, graph);
    if (segment.#labels.size !== row.count) throw broken(file, `holds ${segment.#labels.size} of ${row.count} vectors`);
    return segment;
  }

  get size(): number {
    return this.#labels.size - this.#dead.size;
  }

  /** Share of the vectors in the file that only slow a search down. */
  get deadShare(): number {
    return this.#dead.size / Math.max(1, this.#labels.size);
  }

  has(slot: number): boolean {
    return this.#holds(slot) && !this.#dead.has(slot);
  }

  remove(slot: number): void {
    if (this.#holds(slot)) this.#dead.add(slot);
  }

  removeAll(): void {
    for (const slot of this.#labels) this.#dead.add(slot);
  }

  /** A removed vector is to be found again; false when it is not in this file. */
  revive(slot: number): boolean {
    if (!this.#holds(slot)) return false;
    this.#dead.delete(slot);
    return true;
  }

  #holds(slot: number): boolean {
    return slot >= this.#low && slot <= this.#high && this.#labels.has(slot);
  }

  /** Slots in the file, removed ones among them. */
  labels(): Iterable<number> {
    return this.#labels;
  }

  liveSlots(): number[] {
    return [...this.#labels].filter((slot) => !this.#dead.has(slot));
  }

  search(query: Float32Array, k: number): Neighbour[] {
    const wanted = Math.min(k, this.size);
    if (wanted === 0) return [];
    // Removed ones are still met; ask for a fifth more, and for all of them when that was not enough.
    const first = Math.ceil(wanted * 1.2) + Math.min(this.#dead.size, 16);
    const found = this.#ask(query, first, wanted);
    return found.length < wanted ? this.#ask(query, wanted + this.#dead.size, wanted) : found;
  }

  #ask(query: Float32Array, ask: number, wanted: number): Neighbour[] {
    const k = Math.min(ask, this.#labels.size);
    for (let at = 0; at < query.length; at += 1) this.#query[at] = query[at] ?? 0;
    this.graph.setEf(efFor(this.row.ef, k));
    const { neighbors, distances } = this.graph.searchKnn(this.#query, k);
    const best = new TopK(wanted);
    for (const [at, slot] of neighbors.entries()) {
      const distance = distances[at];
      // hnswlib's inner product distance is 1 - cosine for vectors of unit length.
      if (distance !== undefined && !this.#dead.has(slot)) best.offer(slot, 1 - distance);
    }
    return best.sorted();
  }
}
