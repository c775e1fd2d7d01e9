import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import type { Neighbour } from '../../index/ann-index.ts';
import { HNSW } from '../../index/hnsw-file.ts';
import type { CollectionSpec, CollectionStats, VectorCollection, VectorQuery, VectorRecord } from '../types.ts';
import type { WeaviateConnection } from './client.ts';
import { wordsError } from './faults.ts';

/** Copies of each vector where there are as many nodes. */
const COPIES_MAX = 3;
/** Objects of one request, so that it stays at a few MiB. */
const WRITE_PAGE = 500;
const READ_PAGE = 1_000;
const SEARCH_MS = 5_000;
/** Until a server that indexes in the background has caught up. */
const INDEXING_MS = 6 * 3_600_000;
const INDEXING_STEP_MS = 200;
/** Until the nodes know that one of them is gone. */
const NODE_GONE_MS = 20_000;
/** Digits that bring a 32-bit number back bit for bit. */
const DIGITS = 9;
/**
 * Weaviate answers a batch before it has written down what its vector index made of it, and writes that with the next
 * batch for the same shard (1.35). So the mark is as many objects as surely meet every shard; they have no vectors, so
 * that no search finds them.
 */
const MARKS_PER_SHARD = 16;
/** Written and read by so many of the copies that any two such sets have one in common. */
const QUORUM = 'consistency_level=QUORUM';

const classSchema = z.object({
  description: z.string().default(''),
  replicationConfig: z.object({ factor: z.number().default(1) }).prefault({}),
  shardingConfig: z.object({ desiredCount: z.number().default(1) }).prefault({}),
});
const ABOUT = /^Vectors of (\d+) numbers, kept by ragtui\./;

const batchSchema = z.array(
  z.object({
    result: z.object({ errors: z.object({ error: z.array(z.object({ message: z.string() })) }).nullish() }).nullish(),
  }),
);
const deletedSchema = z.object({ results: z.object({ failed: z.number().default(0) }) });
const nodesSchema = z.object({
  nodes: z.array(
    z.object({
      status: z.string(),
      shards: z
        .array(z.object({ vectorQueueLength: z.number().default(0) }))
        .nullish()
        .transform((shards) => shards ?? []),
    }),
  ),
});
const objectSchema = z.object({ properties: z.object({ mark: z.number().optional() }).prefault({}) });
const identity = z.object({ _additional: z.object({ id: z.string() }) });
const hit = z.object({ _additional: z.object({ id: z.string(), distance: z.number() }) });
const stored = z.object({ _additional: z.object({ id: z.string(), vector: z.array(z.number()) }) });
const counted = z.object({ meta: z.object({ count: z.number().int() }) });

/** One class; an object's id is made of its slot, so that it needs no properties. */
export class WeaviateCollection implements VectorCollection {
  readonly #connection: WeaviateConnection;
  readonly #spec: CollectionSpec;
  readonly #class: string;
  /** Whether its class keeps more copies than one, which a query must be told. */
  #copied = false;
  #shards = 1;

  constructor(connection: WeaviateConnection, spec: CollectionSpec) {
    this.#connection = connection;
    this.#spec = spec;
    this.#class = className(spec.name);
  }

  /** Dimensions of the class that is there; undefined when there is none of ours. */
  async storedDim(local = false): Promise<number | undefined> {
    const { classes } = await this.#connection.call({
      method: 'GET',
      path: 'schema',
      local,
      schema: z.object({ classes: z.array(classSchema.extend({ class: z.string() })).nullish() }),
    });
    const found = classes?.find((entry) => entry.class === this.#class);
    this.#copied = (found?.replicationConfig.factor ?? 1) > 1;
    this.#shards = found?.shardingConfig.desiredCount ?? 1;
    return found && dimOf(found.description);
  }

  async create(): Promise<void> {
    const { nodes } = await this.#connection.call({ method: 'GET', path: 'nodes', schema: nodesSchema });
    const factor = Math.min(COPIES_MAX, nodes.length);
    this.#shards = Math.ceil(nodes.length / factor);
    const { dim, about } = this.#spec;
    // A class that Weaviate made by itself out of a late write is none of ours.
    await dropClass(this.#connection, this.#spec.name);
    await this.#connection.call({
      method: 'POST',
      path: 'schema',
      schema: z.unknown(),
      body: {
        class: this.#class,
        description: `Vectors of ${dim} numbers, kept by ragtui. ${about}`,
        vectorizer: 'none',
        vectorIndexType: 'hnsw',
        vectorIndexConfig: { distance: 'dot', maxConnections: HNSW.m, efConstruction: HNSW.efConstruction },
        properties: [{ name: 'mark', dataType: ['int'], indexFilterable: false, indexSearchable: false }],
        shardingConfig: { desiredCount: this.#shards },
        replicationConfig: { factor, asyncEnabled: factor > 1, deletionStrategy: 'TimeBasedResolution' },
      },
    });
    this.#copied = factor > 1;
  }

  /**
   * What is there already is deleted first: Weaviate passes over an object that is as it was, also when a crash has cost
   * its vector index what it knew of it.
   */
  async upsert(records: readonly VectorRecord[]): Promise<void> {
    for (let from = 0; from < records.length; from += WRITE_PAGE) {
      const page = records.slice(from, from + WRITE_PAGE);
      const slots = page.map(({ slot }) => slot);
      const known = await this.#get(identity, `limit: ${slots.length}, ${oneOf(slots)}`, 'id');
      await this.delete(known.map(({ _additional: { id } }) => slotOf(id)));
      await this.#put(page.map(({ slot, vector }) => ({ id: idOf(slot), vector: Array.from(vector, shortest) })));
    }
  }

  async delete(slots: readonly number[]): Promise<void> {
    for (let from = 0; from < slots.length; from += READ_PAGE) {
      const { results } = await this.#known(() =>
        this.#connection.call({
          method: 'DELETE',
          path: `batch/objects?${QUORUM}`,
          body: {
            match: {
              class: this.#class,
              where: {
                path: ['id'],
                operator: 'ContainsAny',
                valueTextArray: slots.slice(from, from + READ_PAGE).map(idOf),
              },
            },
            output: 'minimal',
          },
          schema: deletedSchema,
        }),
      );
      if (results.failed > 0) {
        throw new RagtuiError('unavailable', `${this.#connection.at} could not delete ${results.failed} vectors.`);
      }
    }
  }

  async search({ vector, k, among }: VectorQuery): Promise<Neighbour[]> {
    if (among?.length === 0) return [];
    const near = `nearVector: {vector: [${Array.from(vector, shortest).join(',')}]}`;
    const where = among ? `, ${oneOf(among)}` : '';
    const found = await this.#get(hit, `limit: ${k}, ${near}${where}`, 'id distance', SEARCH_MS);
    return found.map(({ _additional: { id, distance } }) => ({ slot: slotOf(id), score: -distance }));
  }

  async fetch(slots: readonly number[]): Promise<VectorRecord[]> {
    const records: VectorRecord[] = [];
    for (let from = 0; from < slots.length; from += READ_PAGE) {
      const page = slots.slice(from, from + READ_PAGE);
      const found = await this.#get(stored, `limit: ${page.length}, ${oneOf(page)}`, 'id vector');
      for (const { _additional: object } of found) {
        records.push({ slot: slotOf(object.id), vector: Float32Array.from(object.vector) });
      }
    }
    return records;
  }

  /** What a quorum answered is in the logs of so many nodes; indexing in the background is waited for. */
  async flush(mark: number): Promise<void> {
    await this.#indexed();
    await this.#put(Array.from({ length: this.#marks() }, (_, at) => ({ id: markId(at), properties: { mark } })));
  }

  /** Weaviate indexes as it writes. */
  prepare(): Promise<void> {
    return this.#indexed();
  }

  async stats(): Promise<CollectionStats> {
    await this.#assertThere();
    const [found] = await this.#query('Aggregate', counted, `${this.#class} { meta { count } }`);
    const mark = await this.#mark();
    const count = (found?.meta.count ?? 0) - (mark === null ? 0 : this.#marks());
    return { count, mark, index: 'hnsw', bytes: null };
  }

  #marks(): number {
    return MARKS_PER_SHARD * this.#shards;
  }

  async #put(objects: readonly object[]): Promise<void> {
    // Weaviate makes a class that is not there of what it is given.
    await this.#assertThere();
    const answers = await this.#connection.call({
      method: 'POST',
      path: `batch/objects?${QUORUM}`,
      body: { objects: objects.map((object) => ({ class: this.#class, ...object })), fields: ['id'] },
      schema: batchSchema,
    });
    const failed = answers.flatMap(({ result }) => result?.errors?.error ?? []);
    if (failed[0]) throw wordsError(failed[0].message, this.#connection.at);
  }

  async #assertThere(): Promise<void> {
    if ((await this.storedDim(true)) === undefined && (await this.storedDim()) === undefined) {
      throw new RagtuiError(
        'not-found',
        `${this.#connection.at} no longer has the collection of this index.`,
        'It is filled again by itself.',
      );
    }
  }

  /** A query of a class that is gone has many names for it. */
  async #known<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof RagtuiError && error.code === 'internal') await this.#assertThere();
      throw error;
    }
  }

  async #get<T>(schema: z.ZodType<T>, parameters: string, wanted: string, timeoutMs?: number): Promise<T[]> {
    const consistency = this.#copied ? ', consistencyLevel: QUORUM' : '';
    const text = `${this.#class}(${parameters}${consistency}) { _additional { ${wanted} } }`;
    return this.#query('Get', schema, text, timeoutMs);
  }

  /** A GraphQL query of this class, whose answer is a list. */
  async #query<T>(kind: 'Get' | 'Aggregate', schema: z.ZodType<T>, text: string, timeoutMs?: number): Promise<T[]> {
    return this.#known(async () => {
      const { data, errors } = await this.#connection.call({
        method: 'POST',
        path: 'graphql',
        body: { query: `{ ${kind} { ${text} } }` },
        schema: z.object({
          data: z.object({ [kind]: z.record(z.string(), z.array(schema).nullable()).nullish() }).nullish(),
          errors: z.array(z.object({ message: z.string() })).nullish(),
        }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      if (errors?.[0]) throw wordsError(errors[0].message, this.#connection.at);
      return data?.[kind]?.[this.#class] ?? [];
    });
  }

  async #mark(): Promise<number | null> {
    try {
      const { properties } = await this.#connection.call({
        method: 'GET',
        path: `objects/${this.#class}/${markId(0)}?${QUORUM}`,
        schema: objectSchema,
      });
      return properties.mark ?? null;
    } catch (error) {
      if (error instanceof RagtuiError && error.code === 'not-found') return null;
      throw error;
    }
  }

  /** Nodes that are away catch up when they come back. */
  async #indexed(): Promise<void> {
    const end = performance.now() + INDEXING_MS;
    const patience = performance.now() + NODE_GONE_MS;
    while ((await this.#waiting(performance.now() < patience)) !== 0) {
      if (performance.now() > end) throw new RagtuiError('timeout', `${this.#connection.at} indexes for hours.`);
      await sleep(INDEXING_STEP_MS);
    }
  }

  /** Vectors that are not in an index yet; undefined = a node has just gone, and the others do not know it yet. */
  async #waiting(patient: boolean): Promise<number | undefined> {
    try {
      const path = `nodes/${this.#class}?output=verbose`;
      const { nodes } = await this.#connection.call({ method: 'GET', path, schema: nodesSchema });
      return nodes
        .filter(({ status }) => status === 'HEALTHY')
        .flatMap(({ shards }) => shards.map((shard) => shard.vectorQueueLength))
        .reduce((sum, length) => sum + length, 0);
    } catch (error) {
      if (patient && error instanceof RagtuiError && error.code === 'unavailable') return undefined;
      throw error;
    }
  }
}

/** Takes a collection off the server; no error when it is gone. */
export async function dropClass(connection: WeaviateConnection, name: string): Promise<void> {
  // Weaviate says yes to one that is gone.
  await connection.call({ method: 'DELETE', path: `schema/${className(name)}`, schema: z.unknown() });
}

/** Classes begin with a capital letter. */
const className = (name: string): string => `R${name.slice(1)}`;

const dimOf = (description: string): number | undefined => {
  const found = ABOUT.exec(description)?.[1];
  return found === undefined ? undefined : Number(found);
};

/** A UUID (version 4 in form) whose last twelve digits are the slot. */
const idOf = (slot: number): string => `00000000-0000-4000-8000-${slot.toString(16).padStart(12, '0')}`;
const markId = (at: number): string => `00000000-0000-4000-9000-${at.toString(16).padStart(12, '0')}`;
const slotOf = (id: string): number => Number.parseInt(id.slice(-12), 16);

const shortest = (value: number): number => Number(value.toPrecision(DIGITS));

const oneOf = (slots: readonly number[]): string =>
  `where: {path: ["id"], operator: ContainsAny, valueText: [${slots.map((slot) => `"${idOf(slot)}"`).join(',')}]}`;
