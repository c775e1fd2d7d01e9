import type { IndexRow } from '../../db/index-table.ts';
import type { Tables } from '../../db/tables.ts';
import { toVector } from '../../db/vectors-table.ts';
import type { VectorCollection, VectorRecord } from '../backends/types.ts';

const SAMPLE = 64;

/** Vectors of an index by their slots. One that is gone from the database was deleted by a later change. */
export function storedVectors(read: Tables, index: IndexRow, slots: readonly number[]): VectorRecord[] {
  return slots.flatMap((slot) => {
    const bytes = read.vectors.bySlotOf(index.embedder_id, slot);
    return bytes ? [{ slot, vector: toVector(bytes) }] : [];
  });
}

/** How many of some members a collection lacks, or has otherwise than they are stored. */
export async function compareSample(
  read: Tables,
  indexId: number,
  collection: VectorCollection,
): Promise<{ wrong: number; sampled: number }> {
  const index = read.index.byId(indexId);
  if (!index) return { wrong: 0, sampled: 0 };
  const slots = sample(read, indexId);
  const stored = new Map(storedVectors(read, index, slots).map((one) => [one.slot, one.vector]));
  for (const { slot, vector } of await collection.fetch([...stored.keys()])) {
    const ours = stored.get(slot);
    if (ours?.every((value, at) => value === vector[at])) stored.delete(slot);
  }
  return { wrong: stored.size, sampled: slots.length };
}

/** Members spread over all of them. */
function sample(read: Tables, indexId: number): number[] {
  const slots = read.index.slotsAfter(indexId, 0, read.index.countMembers(indexId));
  const step = Math.max(1, Math.floor(slots.length / SAMPLE));
  return slots.filter((_, at) => at % step === 0).slice(0, SAMPLE);
}
