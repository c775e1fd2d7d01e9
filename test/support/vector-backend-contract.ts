import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AMONG_MAX,
  type VectorBackend,
  type VectorCollection,
  type VectorRecord,
} from '../../src/kb/backends/types.ts';
import { ExactIndex } from '../../src/kb/index/exact.ts';
import { fakeVector } from './kb-service.ts';

const DIM = 32;
const COUNT = 600;
const NAME = 'ragtui_00c0ffee00000001';
const OTHER = 'ragtui_00c0ffee00000002';

const recordOf = (slot: number): VectorRecord => ({ slot, vector: fakeVector('contract', `text ${slot}`, DIM) });
const records = Array.from({ length: COUNT }, (_, at) => recordOf(at + 1));
const queries = Array.from({ length: 20 }, (_, at) => fakeVector('contract', `question ${at}`, DIM));

/** What an exact scan finds among these. */
function exact(among: readonly VectorRecord[], query: Float32Array, k: number): number[] {
  const index = new ExactIndex(DIM);
  for (const { slot, vector } of among) index.add(slot, vector);
  return index.search(query, k).map(({ slot }) => slot);
}

/** The share of what an exact scan finds that was found, over all queries. */
async function recall(collection: VectorCollection, among: readonly VectorRecord[], k: number): Promise<number> {
  let found = 0;
  for (const vector of queries) {
    const slots = new Set((await collection.search({ vector, k })).map(({ slot }) => slot));
    found += exact(among, vector, k).filter((slot) => slots.has(slot)).length;
  }
  return found / (queries.length * k);
}

export interface ContractOptions {
  /** Other than undefined = the tests are skipped, and this says why. */
  readonly skip?: string | undefined;
  /** A new connection to the one server; it has no collections of ours when the tests begin. */
  readonly connect: () => Promise<VectorBackend> | VectorBackend;
}

/** What every vector database behind the interface must do, whichever it is. */
export function vectorBackendContract(name: string, { skip, connect }: ContractOptions): void {
  describe.skipIf(skip !== undefined)(`${name} as a vector backend${skip ? ` (skipped: ${skip})` : ''}`, () => {
    let backend: VectorBackend;
    let collection: VectorCollection;
    const spec = { name: NAME, dim: DIM, about: 'tests' };

    beforeAll(async () => {
      backend = await connect();
      const opened = await backend.open(spec);
      expect(opened.created).toBe(true);
      collection = opened.collection;
    });
    afterAll(async () => {
      for (const each of [NAME, OTHER]) await backend.drop(each);
      await backend.close();
    });

    it('says what it is', async () => {
      expect((await backend.check()).length).toBeGreaterThan(3);
    });

    it('finds nothing in a new collection, and has no mark there', async () => {
      expect(await collection.search({ vector: queries[0] ?? new Float32Array(DIM), k: 5 })).toEqual([]);
      expect(await collection.stats()).toMatchObject({ count: 0, mark: null });
    });

    it('finds what an exact scan finds, best first, with its scores', async () => {
      for (let from = 0; from < COUNT; from += 150) await collection.upsert(records.slice(from, from + 150));
      await collection.flush(7);
      await collection.prepare();
      expect(await recall(collection, records, 10)).toBeGreaterThanOrEqual(0.99);
      const [query = new Float32Array(DIM)] = queries;
      const hits = await collection.search({ vector: query, k: 10 });
      expect(hits).toHaveLength(10);
      expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a));
      for (const { slot, score } of hits) {
        const { vector } = recordOf(slot);
        const cosine = vector.reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0);
        expect(score).toBeCloseTo(cosine, 4);
      }
    });

    it('keeps vectors bit for bit, and says how many and up to where', async () => {
      const slots = [1, 77, COUNT, COUNT + 1];
      const kept = await collection.fetch(slots);
      expect(kept.map(({ slot }) => slot).sort((a, b) => a - b)).toEqual([1, 77, COUNT]);
      for (const { slot, vector } of kept) expect(vector).toEqual(recordOf(slot).vector);
      const { count, mark } = await collection.stats();
      expect(count).toBe(COUNT);
      // A server that cannot keep it says so with null.
      expect([7, null]).toContain(mark);
    });

    it('takes the same vectors again without having them twice', async () => {
      await collection.upsert(records.slice(0, 200));
      await collection.flush(8);
      expect((await collection.stats()).count).toBe(COUNT);
      const [first] = records;
      const found = await collection.search({ vector: first?.vector ?? new Float32Array(DIM), k: 3 });
      expect(found[0]?.slot).toBe(1);
      expect(new Set(found.map(({ slot }) => slot)).size).toBe(3);
    });

    it.each([1, 7, 50, 300])('finds only among the slots asked for, and as many as there are (%i)', async (size) => {
      const among = records.filter((_, at) => at % Math.floor(COUNT / size) === 0).slice(0, size);
      const slots = among.map(({ slot }) => slot);
      for (const vector of queries.slice(0, 5)) {
        const hits = await collection.search({ vector, k: 10, among: slots });
        const expected = exact(among, vector, 10);
        expect(hits).toHaveLength(expected.length);
        const right = hits.filter(({ slot }) => expected.includes(slot));
        expect(right.length / expected.length).toBeGreaterThanOrEqual(size <= 50 ? 1 : 0.9);
        for (const { slot } of hits) expect(slots).toContain(slot);
      }
    });

    it('takes as many slots as a query may have', async () => {
      const [vector = new Float32Array(DIM)] = queries;
      const slots = Array.from({ length: AMONG_MAX }, (_, at) => at + 301);
      const hits = await collection.search({ vector, k: 10, among: slots });
      const expected = exact(records.slice(300), vector, 10);
      expect(hits.filter(({ slot }) => expected.includes(slot)).length).toBeGreaterThanOrEqual(9);
    });

    it('finds nothing among slots that it does not have, and nothing among none', async () => {
      const [vector = new Float32Array(DIM)] = queries;
      expect(await collection.search({ vector, k: 5, among: [COUNT + 5] })).toEqual([]);
      expect(await collection.search({ vector, k: 5, among: [] })).toEqual([]);
    });

    it('finds what was deleted no more, also when it is deleted twice', async () => {
      const gone = records.filter(({ slot }) => slot % 3 === 0);
      const rest = records.filter(({ slot }) => slot % 3 !== 0);
      const slots = gone.map(({ slot }) => slot);
      await collection.delete(slots);
      await collection.delete([...slots, COUNT + 9]);
      await collection.flush(9);
      expect((await collection.stats()).count).toBe(rest.length);
      expect(await collection.fetch(slots.slice(0, 20))).toEqual([]);
      expect(await recall(collection, rest, 10)).toBeGreaterThanOrEqual(0.99);
      await collection.upsert(gone);
      await collection.flush(10);
      expect(await recall(collection, records, 10)).toBeGreaterThanOrEqual(0.99);
    });

    it('gives the whole collection when more are wanted than there are', async () => {
      const [vector = new Float32Array(DIM)] = queries;
      expect(await collection.search({ vector, k: COUNT + 10 })).toHaveLength(COUNT);
    });

    it('keeps collections apart', async () => {
      const other = (await backend.open({ ...spec, name: OTHER })).collection;
      const alien = { slot: 1, vector: fakeVector('contract', 'alien', DIM) };
      await other.upsert([alien]);
      await other.flush(1);
      expect((await other.search({ vector: alien.vector, k: 5 })).map(({ slot }) => slot)).toEqual([1]);
      expect(await collection.fetch([1])).toEqual([recordOf(1)]);
      expect((await backend.collections()).sort()).toEqual([NAME, OTHER]);
      await backend.drop(OTHER);
      await backend.drop(OTHER);
      expect(await backend.collections()).toEqual([NAME]);
      expect((await collection.stats()).count).toBe(COUNT);
    });

    it('is found again by another connection, and refuses other dimensions', async () => {
      const second = await connect();
      try {
        const opened = await second.open(spec);
        expect(opened.created).toBe(false);
        expect((await opened.collection.stats()).count).toBe(COUNT);
        await expect(second.open({ ...spec, dim: DIM + 1 })).rejects.toMatchObject({ code: 'invalid' });
      } finally {
        await second.close();
      }
    });

    it('says that a collection is gone when somebody else dropped it, and makes it anew', async () => {
      const second = await connect();
      await second.drop(NAME);
      await second.close();
      await expect(collection.upsert(records.slice(0, 2))).rejects.toMatchObject({ code: 'not-found' });
      await expect(collection.stats()).rejects.toMatchObject({ code: 'not-found' });
      const opened = await backend.open(spec);
      expect(opened.created).toBe(true);
      expect((await opened.collection.stats()).count).toBe(0);
    });
  });
}
