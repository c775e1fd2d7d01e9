import type { PoolClient, QueryConfig } from 'pg';
import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import type { Neighbour } from '../../index/ann-index.ts';
import { HNSW } from '../../index/hnsw-file.ts';
import type { CollectionSpec, CollectionStats, VectorCollection, VectorQuery, VectorRecord } from '../types.ts';
import { guarded, type PgDatabase } from './backend.ts';
import { parseVector, vectorText } from './vector-text.ts';

/** pgvector indexes no more numbers than these; longer vectors are scanned. */
const INDEXED_DIM_MAX = 2000;
/** A vector in the row itself (one page holds it), not beside it: scans and rebuilds read it in order. */
const IN_ROW_DIM_MAX = 1900;
const EF_MIN = 128;
const EF_MAX = 1000;
/** So few allowed slots are compared one by one; among more the index is walked until enough are found. */
const EXACT_AMONG = 2000;
/** A search that takes longer is answered by the embedded index. */
const SEARCH_MS = 5_000;
const BUILD_MS = 6 * 3_600_000;

const slotRow = z.object({ slot: z.coerce.number().int(), score: z.number() });
const vectorRow = z.object({ slot: z.coerce.number().int(), v: z.string() });
const statsRow = z.object({
  count: z.coerce.number().int(),
  bytes: z.coerce.number().int(),
  about: z.string().nullable(),
  index: z.string().nullable(),
});
const aboutSchema = z.object({ about: z.string(), dim: z.number().int(), mark: z.number().int().nullable() });

/** The driver knows a time limit (ms) for each statement; its types do not. */
interface TimedQuery extends QueryConfig {
  readonly query_timeout: number;
}

/** One table: `slot`, `v`. What we keep of it besides lies in its comment, so that it comes and goes with the table. */
export class PgCollection implements VectorCollection {
  readonly #database: PgDatabase;
  readonly #spec: CollectionSpec;
  /** `hnsw.ef_search` as each connection has it. */
  readonly #efOf = new WeakMap<PoolClient, number>();

  constructor(database: PgDatabase, spec: CollectionSpec) {
    this.#database = database;
    this.#spec = spec;
  }

  /** Dimensions of the table that is there; undefined when there is none. */
  async storedDim(): Promise<number | undefined> {
    const { rows } = await this.#database.pool.query(
      `SELECT atttypmod AS dim FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'v'`,
      [this.#spec.name],
    );
    return z.array(z.object({ dim: z.number().int() })).parse(rows)[0]?.dim;
  }

  async create(): Promise<void> {
    const { name, dim } = this.#spec;
    const storage = dim <= IN_ROW_DIM_MAX ? `ALTER TABLE ${name} ALTER COLUMN v SET STORAGE PLAIN;` : '';
    // One message, one transaction.
    await this.#database.pool.query(
      `CREATE TABLE ${name}(slot bigint PRIMARY KEY, v vector(${dim}) NOT NULL); ${storage} ${this.#comment(null)}`,
    );
  }

  upsert(records: readonly VectorRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    return this.#run(async () => {
      await this.#database.pool.query(
        `INSERT INTO ${this.#spec.name}(slot, v) SELECT * FROM unnest($1::bigint[], $2::vector[])
         ON CONFLICT (slot) DO UPDATE SET v = excluded.v`,
        [records.map(({ slot }) => slot), records.map(({ vector }) => vectorText(vector))],
      );
    });
  }

  delete(slots: readonly number[]): Promise<void> {
    if (slots.length === 0) return Promise.resolve();
    return this.#run(async () => {
      await this.#database.pool.query(`DELETE FROM ${this.#spec.name} WHERE slot = ANY($1::bigint[])`, [slots]);
    });
  }

  search({ vector, k, among }: VectorQuery): Promise<Neighbour[]> {
    return this.#run(async () => {
      if (!among) return this.#nearest(vector, k, undefined);
      if (among.length === 0) return [];
      if (among.length > EXACT_AMONG) {
        const found = await this.#nearest(vector, k, among);
        // An iterative scan gives up after hnsw.max_scan_tuples.
        if (found.length >= Math.min(k, among.length)) return found;
      }
      return this.#amongOneByOne(vector, k, among);
    });
  }

  fetch(slots: readonly number[]): Promise<VectorRecord[]> {
    return this.#run(async () => {
      const { rows } = await this.#database.pool.query(
        `SELECT slot, v::text AS v FROM ${this.#spec.name} WHERE slot = ANY($1::bigint[]) ORDER BY slot`,
        [slots],
      );
      return z
        .array(vectorRow)
        .parse(rows)
        .map(({ slot, v }) => ({ slot, vector: parseVector(v) }));
    });
  }

  /** Every statement is durable when it returns (synchronous_commit is the server's choice); only the mark is left. */
  flush(mark: number): Promise<void> {
    return this.#run(async () => {
      await this.#database.pool.query(this.#comment(mark));
    });
  }

  prepare(): Promise<void> {
    const { name, dim } = this.#spec;
    if (dim > INDEXED_DIM_MAX) return Promise.resolve();
    return this.#run(async () => {
      const { index } = await this.#stats();
      if (index === null) {
        const text = `CREATE INDEX IF NOT EXISTS ${name}_hnsw ON ${name} USING hnsw (v vector_ip_ops)
            WITH (m = ${HNSW.m}, ef_construction = ${HNSW.efConstruction})`;
        const build: TimedQuery = { text, query_timeout: BUILD_MS };
        await this.#database.pool.query(build);
      }
      await this.#database.pool.query(`ANALYZE ${name}`);
    });
  }

  stats(): Promise<CollectionStats> {
    return this.#run(async () => {
      const { count, bytes, about, index } = await this.#stats();
      const known = aboutSchema.safeParse(about === null ? null : JSON.parse(about));
      return { count, bytes, mark: known.data?.mark ?? null, index: index ?? 'exact' };
    });
  }

  #run<T>(call: () => Promise<T>): Promise<T> {
    return guarded(this.#database.at, call);
  }

  async #stats(): Promise<z.output<typeof statsRow>> {
    const { name } = this.#spec;
    const { rows } = await this.#database.pool.query(
      `SELECT (SELECT count(*) FROM ${name}) AS count, pg_total_relation_size('${name}') AS bytes,
         obj_description('${name}'::regclass) AS about,
         (SELECT 'hnsw' FROM pg_index WHERE indexrelid = to_regclass('${name}_hnsw') AND indisvalid) AS index`,
    );
    return statsRow.parse(rows[0]);
  }

  async #nearest(vector: Float32Array, k: number, among: readonly number[] | undefined): Promise<Neighbour[]> {
    const text = `SELECT slot, -(v <#> $1::vector) AS score FROM ${this.#spec.name}
      ${among ? 'WHERE slot = ANY($3::bigint[])' : ''} ORDER BY v <#> $1::vector LIMIT $2`;
    const client = await this.#database.pool.connect();
    let failure: Error | undefined;
    try {
      await this.#setEf(client, k);
      const values = [vectorText(vector), k, ...(among ? [among] : [])];
      const query: TimedQuery = { text, values, query_timeout: SEARCH_MS };
      const { rows } = await client.query(query);
      return z.array(slotRow).parse(rows);
    } catch (error) {
      failure = error instanceof Error ? error : new RagtuiError('internal', String(error));
      throw error;
    } finally {
      // A connection whose statement was given up is not used again.
      client.release(failure);
    }
  }

  /** So that each connection is asked for other settings only when they change. */
  async #setEf(client: PoolClient, k: number): Promise<void> {
    const ef = Math.min(EF_MAX, Math.max(EF_MIN, 8 * k));
    if (this.#efOf.get(client) === ef) return;
    await client.query(`SET hnsw.iterative_scan = strict_order; SET hnsw.ef_search = ${ef}`);
    this.#efOf.set(client, ef);
  }

  async #amongOneByOne(vector: Float32Array, k: number, among: readonly number[]): Promise<Neighbour[]> {
    const query: TimedQuery = {
      text: `WITH allowed AS MATERIALIZED (SELECT slot, v FROM ${this.#spec.name} WHERE slot = ANY($3::bigint[]))
        SELECT slot, -(v <#> $1::vector) AS score FROM allowed ORDER BY v <#> $1::vector, slot LIMIT $2`,
      values: [vectorText(vector), k, among],
      query_timeout: SEARCH_MS,
    };
    const { rows } = await this.#database.pool.query(query);
    return z.array(slotRow).parse(rows);
  }

  #comment(mark: number | null): string {
    const { name, about, dim } = this.#spec;
    const text = JSON.stringify({ about, dim, mark });
    return `COMMENT ON TABLE ${name} IS '${text.replaceAll("'", "''")}'`;
  }
}
