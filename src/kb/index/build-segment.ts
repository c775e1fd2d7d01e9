import { closeSync, openSync, statSync } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import hnswlib from 'hnswlib-node';
import { z } from 'zod';
import { openReader } from '../../db/open.ts';
import { toVector, vectorsTable } from '../../db/vectors-table.ts';
import { crashPoint } from '../../platform/crash-point.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { syncPath } from '../../platform/files.ts';
import { ExactIndex } from './exact.ts';
import { assertWhole, EF_LADDER, EF_LAST_RESORT, HNSW, hashOfFile } from './hnsw-file.ts';

/** From the service to the builder. */
export const buildOrderSchema = z.object({
  database: z.string(),
  embedderId: z.number().int(),
  dim: z.number().int().positive(),
  slots: z.instanceof(Uint32Array),
  /** Where to write; the service gives the file its real name. */
  file: z.string(),
});
export type BuildOrder = z.infer<typeof buildOrderSchema>;

export const builtSchema = z.object({
  count: z.number().int(),
  bytes: z.number().int(),
  /** Hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** recall@10 of the file, read back, for queries between stored vectors, against an exact scan. */
  recall: z.number(),
  /** As `chooseEf` says. */
  ef: z.number().int(),
});
export type Built = z.infer<typeof builtSchema>;

const PROBES = 50;
const PROBE_K = 10;
const GOOD_RECALL = 0.995;
const MIN_RECALL = 0.9;

/**
 * Builds one segment file from the vectors in the database, and believes it only when it has been read back from the
 * disk and found the nearest neighbours of 50 queries. Steps 4a–4d of the snapshot protocol.
 */
export async function buildSegment(order: BuildOrder): Promise<Built> {
  const vectors = readVectors(order);
  const graph = new hnswlib.HierarchicalNSW(HNSW.space, order.dim);
  graph.initIndex(vectors.size, HNSW.m, HNSW.efConstruction);
  const point = new Array<number>(order.dim).fill(0);
  for (const [done, slot] of vectors.slots().entries()) {
    // Lets the process notice that nobody waits for it any more.
    if (done % 256 === 0) await nextTick();
    const vector = vectors.vectorOf(slot);
    for (let at = 0; at < order.dim; at += 1) point[at] = vector[at] ?? 0;
    graph.addPoint(point, slot);
  }
  closeSync(openSync(order.file, 'wx', 0o600));
  graph.writeIndexSync(order.file);
  crashPoint('after_tmp');
  assertWhole(order.file, vectors.size, order.dim);
  syncPath(order.file);
  crashPoint('after_fsync');
  const sha256 = await hashOfFile(order.file);
  const { recall, ef } = probe(order, vectors);
  if (recall < MIN_RECALL) {
    throw new RagtuiError('corrupt', `The new index finds only ${Math.round(recall * 100)} % of the neighbours.`);
  }
  return { count: vectors.size, bytes: statSync(order.file).size, sha256: sha256.toString('hex'), recall, ef };
}

function readVectors(order: BuildOrder): ExactIndex {
  const db = openReader(order.database);
  try {
    const table = vectorsTable(db);
    const vectors = new ExactIndex(order.dim, order.slots.length);
    for (const slot of order.slots) {
      const bytes = table.bySlotOf(order.embedderId, slot);
      if (!bytes) throw new RagtuiError('corrupt', `The vector ${slot} is not in the database.`);
      vectors.add(slot, toVector(bytes));
    }
    return vectors;
  } finally {
    db.close();
  }
}

function probe(order: BuildOrder, vectors: ExactIndex): { recall: number; ef: number } {
  const graph = new hnswlib.HierarchicalNSW(HNSW.space, order.dim);
  graph.readIndexSync(order.file);
  const k = Math.min(PROBE_K, vectors.size);
  const slots = vectors.slots();
  const step = Math.max(1, Math.floor(slots.length / PROBES));
  // Between two stored vectors: a question is never exactly where a text is, and such places are harder to find.
  const probes = slots
    .filter((_, at) => at % step === 0)
    .map((slot, at) => {
      const query = between(vectors.vectorOf(slot), vectors.vectorOf(slots[(at * 7919) % slots.length] ?? slot));
      return { query: [...query], nearest: vectors.search(query, k) };
    });
  const recallAt = (ef: number) => {
    graph.setEf(ef);
    let found = 0;
    for (const { query, nearest } of probes) {
      const near = new Set(graph.searchKnn(query, k).neighbors);
      found += nearest.filter(({ slot }) => near.has(slot)).length / nearest.length;
    }
    return found / probes.length;
  };
  return chooseEf(recallAt);
}

/**
 * The least of `EF_LADDER` whose recall is good, else its largest; where even that finds too little to be believed, the first
 * beyond it that does (vectors in far clusters: seen 0.81 at 512 and 1.00 at 1,024). Pure but for `recallAt`.
 */
export function chooseEf(recallAt: (ef: number) => number): { recall: number; ef: number } {
  let last = { recall: 0, ef: 0 };
  for (const ef of EF_LADDER) {
    last = { recall: recallAt(ef), ef };
    if (last.recall >= GOOD_RECALL) return last;
  }
  for (const ef of EF_LAST_RESORT) {
    if (last.recall >= MIN_RECALL) return last;
    last = { recall: recallAt(ef), ef };
  }
  return last;
}

function between(a: Float32Array, b: Float32Array): Float32Array {
  const sum = a.map((value, at) => value + (b[at] ?? 0));
  const norm = Math.sqrt(sum.reduce((square, value) => square + value * value, 0));
  return norm > 0 ? sum.map((value) => value / norm) : a;
}
