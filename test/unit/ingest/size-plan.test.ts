import { expect, it } from 'vitest';
import { planSize } from '../../../src/kb/ingest/size-plan.ts';

const million = { chunks: 1_000_000, textBytes: 200_000_000, dimensions: [512], textsPerSecond: [500] };

it('an index is what hnswlib writes: 2,196 bytes a vector of 512 numbers with M 16, as was measured of another program’s file', () => {
  const { indexBytes } = planSize(million);
  expect(Math.abs(indexBytes / million.chunks - 2196) / 2196).toBeLessThan(0.01);
});

it('everything grows with the chunks but the memory of the ingest', () => {
  const one = planSize(million);
  const ten = planSize({ ...million, chunks: 10_000_000, textBytes: 2_000_000_000 });
  expect(ten.vectors).toBe(10_000_000);
  for (const [large, small] of [
    [ten.databaseBytes, one.databaseBytes],
    [ten.indexBytes, one.indexBytes],
    [ten.seconds.embed ?? 0, one.seconds.embed ?? 0],
    [ten.seconds.store, one.seconds.store],
  ]) {
    expect((large ?? 0) / (small ?? 1)).toBeCloseTo(10, 6);
  }
  expect(ten.ingestMemoryBytes).toBe(one.ingestMemoryBytes);
  expect(one.seconds.embed).toBe(2000);
});

it('two embedders take each its own vectors and time; a rate that nobody knows makes the time unknown', () => {
  const both = planSize({ ...million, dimensions: [512, 1024], textsPerSecond: [500, 100] });
  expect([both.vectors, both.seconds.embed]).toEqual([2_000_000, 12_000]);
  expect(planSize({ ...million, textsPerSecond: [undefined] }).seconds.embed).toBeUndefined();
});
