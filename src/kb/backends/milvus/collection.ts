import { setTimeout as sleep } from 'node:timers/promises';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import type { Neighbour } from '../../index/ann-index.ts';
import { ExactIndex } from '../../index/exact.ts';
import { HNSW } from '../../index/hnsw-file.ts';
import type { CollectionSpec, CollectionStats, VectorCollection, VectorQuery, VectorRecord } from '../types.ts';
import { type MilvusConnection, STRONG } from './client.ts';
import { NOT_LOADED } from './faults.ts';

/** Milvus gives no more than these of one search. */
const K_MAX = 16_384;
const EF_MIN = 128;
const EF_MAX = 32_768;
/**
 * So few allowed vectors are read and compared here: the walk through a small index under a narrow filter finds enough of
 * them, yet not the nearest (seen with Milvus Lite: 95 % of the right ones among 20 of 1,956).
 */
const COMPARED_MAX = 1_000;
/** Vectors read in one answer, so that it stays below what a message may hold. */
const READ_PAGE = 2_000;
const DELETE_PAGE = 10_000;
const SEARCH_MS = 5_000;
/** Sealing segments and building their index. */
const PREPARE_MS = 6 * 3_600_000;
const PREPARE_STEP_MS = 1_000;
/** The property of a collection that holds the mark. */
const MARK = 'ragtui.mark';

const done = z.unknown();
const hits = z.object({ results: z.array(z.object({ slot: z.coerce.number().int(), score: z.number() })) });
const stored = z.object({
  data: z.array(z.object({ slot: z.coerce.number().int(), v: z.array(z.number()) })),
});
const counted = z.object({ data: z.array(z.object({ 'count(*)': z.coerce.number().int() })).length(1) });
const description = z.object({
  schema: z.object({ fields: z.array(z.object({ name: z.string(), dim: z.coerce.number().optional() })) }),
  properties: z.array(z.object({ key: z.string(), value: z.string() })),
});
const indexes = z.object({
  index_descriptions: z.array(
    z.object({
      state: z.string(),
      pending_index_rows: z.coerce.number().default(0),
      index_state_fail_reason: z.string(),
    }),
  ),
});

/** One collection: `slot` and `v`. The mark is a property, so that it comes and goes with the collection. */
export class MilvusCollection implements VectorCollection {
  readonly #connection: MilvusConnection;
  readonly #spec: CollectionSpec;

  constructor(connection: MilvusConnection, spec: CollectionSpec) {
    this.#connection = connection;
    this.#spec = spec;
  }

  /** Dimensions of the collection that is there; undefined when there is none. */
  async storedDim(): Promise<number | undefined> {
    if (!(await this.#connection.has(this.#spec.name))) return undefined;
    const { schema } = await this.#describe();
    return schema.fields.find(({ name }) => name === 'v')?.dim ?? 0;
  }

  async create(): Promise<void> {
    const { dim, about } = this.#spec;
    const { DataType } = await import('@zilliz/milvus2-sdk-node');
    await this.#call(done, (client, collection_name) =>
      client.createCollection({
        collection_name,
        description: about,
        fields: [
          { name: 'slot', data_type: DataType.Int64, is_primary_key: true, autoID: false },
          { name: 'v', data_type: DataType.FloatVector, dim },
        ],
      }),
    );
    await this.#call(done, (client, collection_name) =>
      client.createIndex({
        collection_name,
        field_name: 'v',
        index_type: 'HNSW',
        metric_type: 'COSINE',
        params: { M: HNSW.m, efConstruction: HNSW.efConstruction },
      }),
    );
  }

  /** Into the memory of its query nodes; what is not loaded is not searched. */
  async load(): Promise<void> {
    await this.#call(done, (client, collection_name) => client.loadCollection({ collection_name }));
  }

  async upsert(records: readonly VectorRecord[]): Promise<void> {
    if (records.length === 0) return;
    const data = records.map(({ slot, vector }) => ({ slot, v: Array.from(vector) }));
    await this.#call(done, (client, collection_name) => client.upsert({ collection_name, data }));
  }

  async delete(slots: readonly number[]): Promise<void> {
    for (const filter of pages(slots, DELETE_PAGE)) {
      await this.#call(done, (client, collection_name) => client.delete({ collection_name, filter }));
    }
  }

  async search(query: VectorQuery): Promise<Neighbour[]> {
    const { k, among } = query;
    if (among?.length === 0) return [];
    if (among && among.length <= COMPARED_MAX) return this.#oneByOne(query.vector, k, among);
    const found = await this.#nearest(query);
    // A walk through an index under a narrow filter may end before it has met those that pass.
    return among && found.length < Math.min(k, among.length) ? this.#oneByOne(query.vector, k, among) : found;
  }

  fetch(slots: readonly number[]): Promise<VectorRecord[]> {
    return this.#read(slots, {});
  }

  /** `timeout`: of each answer, milliseconds; absent: the client's. */
  async #read(slots: readonly number[], limit: { readonly timeout?: number }): Promise<VectorRecord[]> {
    const found: VectorRecord[] = [];
    for (const filter of pages(slots, READ_PAGE)) {
      const { data } = await this.#loaded(() =>
        this.#call(stored, (client, collection_name) =>
          client.query({ collection_name, filter, output_fields: ['slot', 'v'], consistency_level: STRONG, ...limit }),
        ),
      );
      for (const { slot, v } of data) found.push({ slot, vector: Float32Array.from(v) });
    }
    return found;
  }

  /**
   * A write that was answered is in Milvus's log, which survives its nodes; a strong read proves that they have taken it
   * in. Milvus's own Flush is not that: it seals segments, and is allowed once in ten seconds.
   */
  async flush(mark: number): Promise<void> {
    await this.#count();
    await this.#call(done, (client, collection_name) =>
      client.alterCollectionProperties({ collection_name, properties: { [MARK]: String(mark) } }),
    );
  }

  /** Seals what came last and waits for its index. */
  async prepare(): Promise<void> {
    await this.#call(done, (client, collection_name) =>
      client.flushSync({ collection_names: [collection_name], timeout: PREPARE_MS }),
    );
    const end = performance.now() + PREPARE_MS;
    for (;;) {
      const { index_descriptions: found } = await this.#call(indexes, (client, collection_name) =>
        client.describeIndex({ collection_name }),
      );
      const failed = found.find(({ state }) => state === 'Failed');
      if (failed) {
        throw new RagtuiError('internal', `${this.#connection.at} built no index: ${failed.index_state_fail_reason}.`);
      }
      if (found.every(({ state, pending_index_rows: pending }) => state === 'Finished' && pending === 0)) break;
      if (performance.now() > end)
        throw new RagtuiError('timeout', `${this.#connection.at} builds its index for hours.`);
      await sleep(PREPARE_STEP_MS);
    }
    await this.load();
  }

  async stats(): Promise<CollectionStats> {
    const { properties } = await this.#describe();
    const mark = properties.find(({ key }) => key === MARK)?.value;
    return { count: await this.#count(), mark: mark === undefined ? null : Number(mark), index: 'hnsw', bytes: null };
  }

  async #nearest({ vector, k, among }: VectorQuery): Promise<Neighbour[]> {
    const limit = Math.min(K_MAX, k);
    const { results } = await this.#loaded(() =>
      this.#call(hits, (client, collection_name) =>
        client.search({
          collection_name,
          data: Array.from(vector),
          anns_field: 'v',
          limit,
          output_fields: ['slot'],
          params: { ef: Math.min(EF_MAX, Math.max(EF_MIN, 8 * limit)) },
          ...(among ? { filter: oneOf(among) } : {}),
          consistency_level: this.#connection.place.consistency,
          timeout: SEARCH_MS,
        }),
      ),
    );
    return results;
  }

  /** Somebody waits for it: it takes no longer than a search may. */
  async #oneByOne(vector: Float32Array, k: number, among: readonly number[]): Promise<Neighbour[]> {
    const index = new ExactIndex(this.#spec.dim);
    for (const record of await this.#read(among, { timeout: SEARCH_MS })) index.add(record.slot, record.vector);
    return index.search(vector, k);
  }

  #call<T>(schema: z.ZodType<T>, run: (client: MilvusClient, name: string) => Promise<unknown>): Promise<T> {
    const { name } = this.#spec;
    return this.#connection.call(schema, (client) => run(client, name), name);
  }

  /** A server that was started again, or an administrator, may have released the collection. */
  async #loaded<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof RagtuiError) || error.code !== NOT_LOADED) throw error;
      await this.load();
      return read();
    }
  }

  #describe(): Promise<z.output<typeof description>> {
    return this.#call(description, (client, collection_name) => client.describeCollection({ collection_name }));
  }

  async #count(): Promise<number> {
    const { data } = await this.#loaded(() =>
      this.#call(counted, (client, collection_name) =>
        client.query({ collection_name, filter: '', output_fields: ['count(*)'], consistency_level: STRONG }),
      ),
    );
    return data[0]?.['count(*)'] ?? 0;
  }
}

const oneOf = (slots: readonly number[]): string => `slot in [${slots.join(',')}]`;

function pages(slots: readonly number[], size: number): string[] {
  const filters: string[] = [];
  for (let from = 0; from < slots.length; from += size) filters.push(oneOf(slots.slice(from, from + size)));
  return filters;
}
