export interface Ranked {
  readonly id: number;
  readonly score: number;
}
export interface Fused {
  readonly id: number;
  /** Σ weight / (k + rank) over the lists that have it (Cormack, Clarke, Büttcher 2009). */
  readonly score: number;
  /** Per list: its rank (from 1) and score there. */
  readonly arms: readonly ({ readonly rank: number; readonly score: number } | undefined)[];
}

/** Small k lets the top ranks count more; 10 beat 60 on CMRC2018 at rank 1 and 10. */
export const RRF_K = 10;

/** Reciprocal rank fusion of lists that are best first. Equal scores come in the order of ids. */
export function fuse(lists: readonly (readonly Ranked[])[], k = RRF_K, weights?: readonly number[]): Fused[] {
  const fused = new Map<number, { score: number; arms: ({ rank: number; score: number } | undefined)[] }>();
  lists.forEach((list, which) => {
    const weight = weights?.[which] ?? 1;
    list.forEach((entry, at) => {
      const known = fused.get(entry.id) ?? { score: 0, arms: lists.map(() => undefined) };
      known.score += weight / (k + at + 1);
      known.arms[which] = { rank: at + 1, score: entry.score };
      fused.set(entry.id, known);
    });
  });
  return [...fused].map(([id, entry]) => ({ id, ...entry })).sort((a, b) => b.score - a.score || a.id - b.id);
}
