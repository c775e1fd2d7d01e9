/** A vector found: `slot` names it in the database, `score` is the cosine (vectors are of unit length). */
export interface Neighbour {
  readonly slot: number;
  readonly score: number;
}

/** Something that finds the nearest of the vectors it holds. What it says is checked against the database by the caller. */
export interface AnnIndex {
  readonly kind: 'exact' | 'hnsw';
  /** How many vectors can be found. */
  readonly size: number;
  has(slot: number): boolean;
  /** The `k` nearest, best first, equal scores by slot. */
  search(query: Float32Array, k: number): Neighbour[];
  /** The slot is not to be found any more; no effect when it is not here. */
  remove(slot: number): void;
}

/** Best first; equal scores in the order of slots, so that two runs agree. */
export const byScore = (a: Neighbour, b: Neighbour): number => b.score - a.score || a.slot - b.slot;
