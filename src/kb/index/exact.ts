import type { AnnIndex, Neighbour } from './ann-index.ts';
import { PAGE_BYTES, ROW_STEP, type Scan, scanOver } from './simd-scan.ts';
import { TopK } from './top-k.ts';

/** Rows scored per call: their scores stay in the first cache. */
const BLOCK = 1024;

/**
 * Compares a query with every vector. They lie one after another in one memory, so that it is read in order:
 * first the query, then room for the scores of a block, then the rows.
 */
export class ExactIndex implements AnnIndex {
  readonly kind = 'exact';
  /** Floats from one row to the next. */
  readonly #stride: number;
  readonly #scoresAt: number;
  readonly #rowsAt: number;
  #memory: WebAssembly.Memory;
  #floats: Float32Array;
  #scan: Scan;
  #slots: Uint32Array;
  #size = 0;
  readonly #at = new Map<number, number>();

  constructor(
    readonly dim: number,
    capacity = 64,
  ) {
    this.#stride = Math.ceil(dim / ROW_STEP) * ROW_STEP;
    this.#scoresAt = this.#stride;
    this.#rowsAt = this.#stride + BLOCK;
    this.#memory = this.#newMemory(capacity);
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#scan = scanOver(this.#memory);
    this.#slots = new Uint32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  has(slot: number): boolean {
    return this.#at.has(slot);
  }

  slots(): number[] {
    return [...this.#slots.subarray(0, this.#size)];
  }

  /** The stored vector itself, valid until the next change; throws when the slot is not here. */
  vectorOf(slot: number): Float32Array {
    const at = this.#at.get(slot);
    if (at === undefined) throw new Error(`no vector ${slot} in this index`);
    return this.#floats.subarray(this.#row(at), this.#row(at) + this.dim);
  }

  /** Adds a vector of unit length; a slot that is here already keeps its vector (stored vectors never change). */
  add(slot: number, vector: Float32Array): void {
    if (this.#at.has(slot)) return;
    if (vector.length !== this.dim) throw new Error(`vector of ${vector.length} numbers in an index of ${this.dim}`);
    if (this.#size === this.#slots.length) this.#resize(Math.max(64, this.#size * 2));
    this.#floats.set(vector, this.#row(this.#size));
    this.#slots[this.#size] = slot;
    this.#at.set(slot, this.#size);
    this.#size += 1;
  }

  remove(slot: number): void {
    const at = this.#at.get(slot);
    if (at === undefined) return;
    const last = this.#size - 1;
    const moved = this.#slots[last] ?? 0;
    this.#floats.copyWithin(this.#row(at), this.#row(last), this.#row(last + 1));
    this.#slots[at] = moved;
    this.#at.set(moved, at);
    this.#at.delete(slot);
    this.#size = last;
    if (last > BLOCK && last * 4 < this.#slots.length) this.#resize(last * 2);
  }

  search(query: Float32Array, k: number): Neighbour[] {
    if (query.length !== this.dim) throw new Error(`query of ${query.length} numbers in an index of ${this.dim}`);
    const best = new TopK(k);
    this.#floats.fill(0, 0, this.#stride);
    this.#floats.set(query, 0);
    const scores = this.#floats.subarray(this.#scoresAt, this.#scoresAt + BLOCK);
    for (let from = 0; from < this.#size; from += BLOCK) {
      const count = Math.min(BLOCK, this.#size - from);
      this.#scan(0, this.#row(from) * 4, this.#stride * 4, count, this.#scoresAt * 4);
      for (let at = 0; at < count; at += 1) {
        const score = scores[at] ?? 0;
        if (score >= best.floor) best.offer(this.#slots[from + at] ?? 0, score);
      }
    }
    return best.sorted();
  }

  #row(at: number): number {
    return this.#rowsAt + at * this.#stride;
  }

  #newMemory(capacity: number): WebAssembly.Memory {
    const pages = Math.ceil((this.#row(capacity) * 4) / PAGE_BYTES);
    return new WebAssembly.Memory({ initial: pages });
  }

  #resize(capacity: number): void {
    const old = this.#floats.subarray(0, this.#row(this.#size));
    this.#memory = this.#newMemory(capacity);
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#floats.set(old);
    this.#scan = scanOver(this.#memory);
    const slots = new Uint32Array(capacity);
    slots.set(this.#slots.subarray(0, this.#size));
    this.#slots = slots;
  }
}
