import { describe, expect, it } from 'vitest';
import { fuse } from '../../../src/kb/retrieve/fuse.ts';

describe('reciprocal rank fusion', () => {
  it('adds weight / (k + rank) over the lists', () => {
    const fused = fuse(
      [
        [
          { id: 1, score: 0.9 },
          { id: 2, score: 0.8 },
        ],
        [
          { id: 2, score: 7 },
          { id: 3, score: 5 },
        ],
      ],
      10,
    );
    // 2: 1/12 + 1/11; 1: 1/11; 3: 1/12.
    expect(fused.map((entry) => entry.id)).toEqual([2, 1, 3]);
    expect(fused[0]?.score).toBeCloseTo(1 / 12 + 1 / 11, 12);
    expect(fused[0]?.arms).toEqual([
      { rank: 2, score: 0.8 },
      { rank: 1, score: 7 },
    ]);
    expect(fused[1]?.arms).toEqual([{ rank: 1, score: 0.9 }, undefined]);
  });

  it('puts equal scores in the order of ids', () => {
    expect(fuse([[{ id: 9, score: 1 }], [{ id: 4, score: 1 }]]).map((entry) => entry.id)).toEqual([4, 9]);
  });

  it('weighs the lists', () => {
    const lists = [[{ id: 1, score: 1 }], [{ id: 2, score: 1 }]];
    expect(fuse(lists, 10, [1, 2])[0]?.id).toBe(2);
    expect(fuse(lists, 10, [2, 1])[0]?.id).toBe(1);
  });
});
