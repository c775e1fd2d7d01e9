import type { DatasetRow } from '../types.ts';
import type { RowIndex } from './row-index.ts';
import { viewOf } from './row-view.ts';
import { jaccard, NEARLY_SAME, shingleHashes } from './text/shingles.ts';

/** So many candidates of one context are read at most. */
const READINGS = 16;
const KEPT_SHINGLES = 2048;

/** Which different contexts are nearly the same: directly, or through others. */
export interface NearContexts {
  /** Smallest number of its group, for each context. */
  groupOf(context: number): number;
  /** An earlier context that it is nearly the same as, and how much; undefined where there is none. */
  twinOf(context: number): { readonly context: number; readonly similarity: number } | undefined;
}

/** Rows by number, for reading a text again. */
export type ReadRow = (number: number) => DatasetRow;

/** Finds nearly equal contexts: candidates by MinHash, then the real similarity of their shingles. */
export function nearContexts(index: RowIndex, readRow: ReadRow): NearContexts {
  const shinglesOf = shingleReader(index, readRow);
  const parent = Int32Array.from({ length: index.contexts }, (_, at) => at);
  const twins = new Map<number, { context: number; similarity: number }>();
  const readings = new Uint8Array(index.contexts);
  for (const [earlier, later] of index.signatures.pairs()) {
    if (rootOf(parent, earlier) === rootOf(parent, later)) continue;
    const read = readings[later] ?? 0;
    if (read >= READINGS) continue;
    readings[later] = read + 1;
    const similarity = jaccard(shinglesOf(earlier), shinglesOf(later));
    if (similarity < NEARLY_SAME) continue;
    join(parent, earlier, later);
    if (!twins.has(later)) twins.set(later, { context: earlier, similarity });
  }
  return { groupOf: (context) => rootOf(parent, context), twinOf: (context) => twins.get(context) };
}

/** Shingles of contexts, read again from the rows; those of the last few stay. */
function shingleReader(index: RowIndex, readRow: ReadRow): (context: number) => ReadonlySet<number> {
  const kept = new Map<number, ReadonlySet<number>>();
  return (context) => {
    const known = kept.get(context);
    if (known) return known;
    const view = viewOf(readRow(index.contextRows.at(context)));
    const made = new Set(shingleHashes(view.contexts[index.contextPlaces.at(context)] ?? ''));
    kept.set(context, made);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_SHINGLES && oldest !== undefined) kept.delete(oldest);
    return made;
  };
}

/** The smallest member of a set (disjoint sets with path halving). */
export function rootOf(parent: Int32Array, at: number): number {
  let top = at;
  for (let up = parent[top] ?? top; up !== top; up = parent[top] ?? top) {
    parent[top] = parent[up] ?? up;
    top = up;
  }
  return top;
}

/** Makes two sets one; its root is the smaller of both. */
export function join(parent: Int32Array, a: number, b: number): void {
  const [first, second] = [rootOf(parent, a), rootOf(parent, b)];
  parent[Math.max(first, second)] = Math.min(first, second);
}
