import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactIndex } from '../../../src/kb/index/exact.ts';
import { TopK } from '../../../src/kb/index/top-k.ts';

/** The plainest cosine ranking, in doubles. */
function nearest(vectors: Map<number, Float32Array>, query: Float32Array, k: number): number[] {
  return [...vectors]
    .map(([slot, vector]) => ({ slot, score: vector.reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0) }))
    .sort((a, b) => b.score - a.score || a.slot - b.slot)
    .slice(0, k)
    .map((entry) => entry.slot);
}

const grid = (dim: number) =>
  // Multiples of 1/8: sums are exact in single precision, so that both rankings agree to the last bit.
  fc
    .array(fc.integer({ min: -8, max: 8 }), { minLength: dim, maxLength: dim })
    .map((v) => Float32Array.from(v, (x) => x / 8));

/** 5000 directions, the next 0.07 degrees further. */
const onCircle = (slot: number) => {
  const angle = (slot / 5000) * 2 * Math.PI;
  return Float32Array.of(Math.cos(angle), Math.sin(angle), 0, 0);
};

describe('exact index', () => {
  it.each([1, 3, 8, 17])('ranks as the plain formula does, through adds and removes (dimension %i)', (dim) => {
    const step = fc.record({ slot: fc.integer({ min: 1, max: 40 }), vector: fc.option(grid(dim), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), grid(dim), fc.integer({ min: 1, max: 50 }), (steps, query, k) => {
        const index = new ExactIndex(dim, 2);
        const model = new Map<number, Float32Array>();
        for (const { slot, vector } of steps) {
          if (!vector) {
            index.remove(slot);
            model.delete(slot);
          } else if (!model.has(slot)) {
            index.add(slot, vector);
            model.set(slot, vector);
          }
        }
        expect(index.size).toBe(model.size);
        expect(index.search(query, k).map((found) => found.slot)).toEqual(nearest(model, query, k));
      }),
      { numRuns: 60 },
    );
  });

  it('scans more rows than one block, and gives room back', () => {
    const index = new ExactIndex(4);
    for (let slot = 1; slot <= 5000; slot += 1) index.add(slot, onCircle(slot));
    const query = onCircle(4321);
    expect(index.search(query, 1)[0]?.slot).toBe(4321);
    for (let slot = 1; slot <= 4900; slot += 1) index.remove(slot);
    expect(index.size).toBe(100);
    const left = new Map(index.slots().map((slot) => [slot, onCircle(slot)]));
    expect(new Set(left.keys())).toEqual(new Set(Array.from({ length: 100 }, (_, at) => 4901 + at)));
    expect(index.search(onCircle(4950), 1)[0]?.slot).toBe(4950);
    expect(index.search(query, 1)[0]?.slot).toBe(nearest(left, query, 1)[0]);
  });

  it('refuses a vector of another dimension', () => {
    const index = new ExactIndex(4);
    expect(() => index.add(1, new Float32Array(8))).toThrow(/8 numbers/);
    expect(() => index.search(new Float32Array(3), 1)).toThrow(/3 numbers/);
  });
});

describe('top k', () => {
  it('keeps what sorting would keep', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (scores, k) => {
          const best = new TopK(k);
          scores.forEach((score, slot) => {
            best.offer(slot, score);
          });
          const sorted = scores
            .map((score, slot) => ({ slot, score }))
            .sort((a, b) => b.score - a.score || a.slot - b.slot);
          expect(best.sorted()).toEqual(sorted.slice(0, k));
        },
      ),
    );
  });
});
