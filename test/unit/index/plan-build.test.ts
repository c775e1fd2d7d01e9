import { describe, expect, it } from 'vitest';
import { EXACT_WORK, planBuild, SEGMENT_MAX } from '../../../src/kb/index/plan-build.ts';

const dim = 512;
const limit = EXACT_WORK / dim;

describe('what to build', () => {
  it('scans small indexes', () => {
    expect(planBuild({ dim, tail: limit - 1, segments: [] }, true)).toBeUndefined();
  });

  it('builds a segment of what is scanned above the limit', () => {
    expect(planBuild({ dim, tail: limit, segments: [] }, false)).toEqual({ kind: 'build', merge: [], fromTail: limit });
  });

  it('lets the tail of a large index grow while more is coming, so that nothing is built again and again', () => {
    const segments = Array.from({ length: 20 }, (_, id) => ({ id, live: 50_000, deadShare: 0 }));
    expect(planBuild({ dim, tail: 31_000, segments }, false)).toBeUndefined();
    expect(planBuild({ dim, tail: 31_250, segments }, false)).toEqual({ kind: 'build', merge: [], fromTail: 31_250 });
  });

  it('leaves a short tail until all is quiet', () => {
    const state = { dim, tail: 1000, segments: [{ id: 1, live: 40_000, deadShare: 0 }] };
    expect(planBuild(state, false)).toBeUndefined();
    expect(planBuild(state, true)).toEqual({ kind: 'build', merge: [], fromTail: 1000 });
  });

  it('merges segments of about the same size, not large ones', () => {
    const segments = [
      { id: 1, live: 40_000, deadShare: 0 },
      { id: 2, live: 4000, deadShare: 0 },
      { id: 3, live: 9000, deadShare: 0 },
    ];
    expect(planBuild({ dim, tail: 2048, segments }, false)).toEqual({ kind: 'build', merge: [2, 3], fromTail: 2048 });
  });

  it('never makes a segment larger than the limit', () => {
    expect(planBuild({ dim, tail: 3 * SEGMENT_MAX, segments: [] }, false)).toMatchObject({ fromTail: SEGMENT_MAX });
  });

  it('builds a segment again when a fifth of it is gone', () => {
    const segments = [{ id: 7, live: 20_000, deadShare: 0.21 }];
    expect(planBuild({ dim, tail: 0, segments }, false)).toEqual({ kind: 'build', merge: [7], fromTail: 0 });
  });

  it('goes back to scanning when little is left', () => {
    const segments = [{ id: 7, live: limit / 4, deadShare: 0.1 }];
    expect(planBuild({ dim, tail: 0, segments }, false)).toEqual({ kind: 'dissolve' });
  });
});
