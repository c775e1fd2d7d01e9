import type { AnnIndex, Neighbour } from './ann-index.ts';
import { TopK } from './top-k.ts';

/** Compares a query with every vector. They lie one after another in one array, so that memory is read in order. */
export class ExactIndex implements AnnIndex {
  readonly kind = 'exact';
  #vectors: Float32Array;
  #slots: Uint32Array;
  #size = 0;
  readonly #at = new Map<number, number>();

  constructor(
    readonly dim: number,
    capacity = 64,
  ) {
    this.#vectors = new Float32Array(dim * capacity);
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

  /** Adds a vector of unit length; a slot that is here already keeps its vector (stored vectors never change). */
  add(slot: number, vector: Float32Array): void {
    if (this.#at.has(slot)) return;
    if (vector.length !== this.dim) throw new Error(`vector of ${vector.length} numbers in an index of ${this.dim}`);
    if (this.#size === this.#slots.length) this.#grow();
    this.#vectors.set(vector, this.#size * this.dim);
    this.#slots[this.#size] = slot;
    this.#at.set(slot, this.#size);
    this.#size += 1;
  }

  remove(slot: number): void {
    const at = this.#at.get(slot);
    if (at === undefined) return;
    const last = this.#size - 1;
    const moved = this.#slots[last] ?? 0;
    this.#vectors.copyWithin(at * this.dim, last * this.dim, (last + 1) * this.dim);
    this.#slots[at] = moved;
    this.#at.set(moved, at);
    this.#at.delete(slot);
    this.#size = last;
  }

  search(query: Float32Array, k: number): Neighbour[] {
    const { dim } = this;
    if (query.length !== dim) throw new Error(`query of ${query.length} numbers in an index of ${dim}`);
    const vectors = this.#vectors;
    const best = new TopK(k);
    for (let row = 0; row < this.#size; row += 1) best.offer(this.#slots[row] ?? 0, dot(query, vectors, row * dim));
    return best.sorted();
  }

  #grow(): void {
    const capacity = Math.max(64, this.#slots.length * 2);
    const vectors = new Float32Array(capacity * this.dim);
    vectors.set(this.#vectors);
    const slots = new Uint32Array(capacity);
    slots.set(this.#slots);
    this.#vectors = vectors;
    this.#slots = slots;
  }
}

/** Dot product with the row that starts at `from`; four sums at a time keep the multipliers busy. */
export function dot(query: Float32Array, rows: Float32Array, from: number): number {
  const length = query.length;
  const whole = length - (length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let at = 0; at < whole; at += 4) {
    a += (query[at] ?? 0) * (rows[from + at] ?? 0);
    b += (query[at + 1] ?? 0) * (rows[from + at + 1] ?? 0);
    c += (query[at + 2] ?? 0) * (rows[from + at + 2] ?? 0);
    d += (query[at + 3] ?? 0) * (rows[from + at + 3] ?? 0);
  }
  for (let at = whole; at < length; at += 1) a += (query[at] ?? 0) * (rows[from + at] ?? 0);
  return a + b + c + d;
}
