/** Below so many multiplications (vectors × dimension; 8,192 × 512) an exact scan takes about 0.7 ms and is always right. */
export const EXACT_WORK = 1 << 22;
/** What an index may still scan beside its segments (2,048 × 512: about 0.2 ms) before it is worth a build. */
export const TAIL_WORK = 1 << 20;
/** A segment holds at most so many vectors: a damaged one costs half a minute to build again. */
export const SEGMENT_MAX = 50_000;
/** Bytes of vectors that are scanned beside the segments: what does not fit waits for its segment. */
const TAIL_BYTES = 1 << 28;
/** While more is coming, a tail of such a share of the whole costs a search little beside the segments. */
const TAIL_SHARE = 1 / 32;
const DEAD_SHARE = 0.2;

/** How many vectors an index scans at most beside its segments; one segment's always. */
export const tailMax = (dim: number): number => Math.max(SEGMENT_MAX, Math.floor(TAIL_BYTES / (4 * dim)));

export interface SegmentState {
  readonly id: number;
  readonly live: number;
  readonly deadShare: number;
}
export interface IndexState {
  readonly dim: number;
  /** Vectors in no segment. */
  readonly tail: number;
  readonly segments: readonly SegmentState[];
}
export type BuildPlan =
  | { readonly kind: 'build'; readonly merge: readonly number[]; readonly fromTail: number }
  | { readonly kind: 'dissolve' };

/**
 * What would make the index faster now, or undefined. Segments are merged by size, so that few are searched and a
 * vector is built only about log(n) times. `quiet`: no more is coming for now, so a small tail is worth a build too.
 */
export function planBuild(state: IndexState, quiet: boolean): BuildPlan | undefined {
  const live = state.segments.reduce((sum, segment) => sum + segment.live, 0);
  const work = (live + state.tail) * state.dim;
  // Half of the limit, or an index at the limit would be built and dropped again and again.
  if (work < EXACT_WORK / 2 && state.segments.length > 0) return { kind: 'dissolve' };
  if (work < EXACT_WORK) return undefined;
  const tailLimit = quiet ? TAIL_WORK / 4 : Math.max(TAIL_WORK, Math.min(SEGMENT_MAX, live * TAIL_SHARE) * state.dim);
  const worn = state.segments.find((segment) => segment.deadShare > DEAD_SHARE);
  if (state.tail * state.dim < tailLimit && !worn) return undefined;
  const fromTail = Math.min(state.tail, SEGMENT_MAX);
  let total = fromTail;
  const merge: number[] = [];
  const bySize = [...state.segments].sort((a, b) => a.live - b.live);
  for (const segment of bySize) {
    const due = segment === worn || segment.deadShare > DEAD_SHARE || segment.live <= 2 * total;
    if (!due || total + segment.live > SEGMENT_MAX) continue;
    merge.push(segment.id);
    total += segment.live;
  }
  if (total > 0 || merge.length > 0) return { kind: 'build', merge, fromTail };
  return undefined;
}
