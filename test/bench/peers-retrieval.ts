import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { connectKb } from '../../src/kb/client.ts';
import type { KbClient } from '../../src/kb/protocol.ts';
import { resolveEmbedder } from '../../src/models/embedder-client.ts';
import { LINE, TestWorkspace } from '../support/workspace.ts';
import { wordMaker } from './corpus.ts';
import { fillKb } from './fill-kb.ts';
import { notHad, openPeer, type Peer, reasonOf } from './peer-process.ts';
import { type PeerPackage, pythonWith } from './peer-python.ts';
import { indexReady, makeQueries, type Query } from './retrieval.ts';
import { interleave, median, pairedRatio, spread } from './stats.ts';
import { exactTopK, syntheticVectors } from './synthetic.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';
import { addVectorServer, DIMENSION, startVectorServer } from './vector-server.ts';

const SIZE = 10_000;
const K = 10;
const RECALL = 0.99;
/** Queries of one round; recall is told from the first of them. */
const QUERIES = 100;
const WIDTHS = [16, 32, 64, 128, 256, 512];
const OURS = 'ragtui';
const PEERS: readonly { name: string; needs: PeerPackage; about: string }[] = [
  { name: 'chromadb', needs: 'chromadb', about: 'persistent client in the process, texts fetched' },
  { name: 'faiss', needs: 'faiss', about: 'HNSW in memory and in the process: an index alone, nothing stored' },
  { name: 'hnswlib', needs: 'hnswlib', about: 'in memory and in the process: an index alone, nothing stored' },
];

export const peersRetrieval: Benchmark = {
  name: 'peers-retrieval',
  about: `top ${K} of ${SIZE} made-up vectors of ${DIMENSION} numbers at recall@${K} ≥ ${RECALL}, one thread, HNSW M 16`,
  async run(context) {
    const vectors = syntheticVectors({ count: SIZE, seed: SIZE, dimension: DIMENSION });
    const words = wordMaker(SIZE);
    const texts = Array.from({ length: SIZE }, (_, row) => `${row} ${words(35)}`);
    const queries = makeQueries(texts, QUERIES);
    context.log('exact answers');
    const exact = queries.map(({ vector }) => exactTopK(vectors, vector, K));
    const ours = await startOurs(context, texts, vectors, queries);
    const { peers, lost } = await startPeers(context, { texts, vectors, queries, exact });

    let ourRecall = 0;
    const insides: number[] = [];
    const sides: Record<string, () => Promise<number>> = {
      [OURS]: async () => {
        const { around, inside, found } = await ours.searchAll();
        ourRecall = recallOf(found, exact);
        insides.push(median(inside));
        return median(around);
      },
    };
    for (const { name, peer, width } of peers)
      sides[name] = async () => median((await peer.search({ width, from: 0, to: QUERIES, k: K })).ms);
    // Once for the caches.
    await interleave(sides, 1);
    const times = await interleave(sides, context.quick ? 5 : 15);
    const own = times[OURS] ?? [];
    return [
      {
        ...rowOf(OURS, own),
        note: `recall ${ourRecall.toFixed(3)}; another process's socket and the texts included, the query's embedding not; ${median(insides).toFixed(2)} ms of it in the service`,
      },
      ...peers.map(({ name, peer, width, recall, about }) => ({
        ...rowOf(name, times[name] ?? []),
        ratio: pairedRatio(own, times[name] ?? []),
        note: `${peer.versions}, ef ${width}, recall ${recall.toFixed(3)}; ${about}`,
      })),
      ...lost,
      {
        measure: `${OURS}: filling, with the index`,
        value: SIZE / ours.seconds,
        unit: 'rows/s',
        note: 'texts, full text and vectors to the disk; once',
      },
      ...peers.map(({ name, seconds }) => ({
        measure: `${name}: the same`,
        value: SIZE / seconds,
        unit: 'rows/s',
        ratio: seconds / ours.seconds,
        note:
          name === 'chromadb'
            ? 'texts and vectors to the disk, no full text searched here; once'
            : 'the index alone; once',
      })),
    ];
  },
};

function rowOf(name: string, ms: readonly number[]): BenchRow {
  const { median: value, min, max } = spread(ms);
  return { measure: `${name}: p50`, value, unit: 'ms', min, max };
}

function recallOf(found: readonly (readonly number[])[], exact: readonly (readonly number[])[]): number {
  const shares = exact.map((rows, at) => rows.filter((row) => found[at]?.includes(row)).length / K);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

interface Given {
  readonly texts: readonly string[];
  readonly vectors: Float32Array;
  readonly queries: readonly Query[];
  readonly exact: readonly (readonly number[])[];
}

async function startOurs(
  { defer, log }: BenchContext,
  texts: readonly string[],
  vectors: Float32Array,
  queries: readonly Query[],
) {
  const server = await startVectorServer();
  defer(() => server.close());
  for (const { text, vector } of queries) server.set(text, vector);
  const workspace = new TestWorkspace();
  defer(() => workspace.remove());
  const client = await connectKb(workspace.paths);
  defer(() => client.close());
  await addVectorServer(workspace.paths, 'synthetic', server);
  await client.call('kb.create', { name: 'bench', groups: [LINE], embedders: ['synthetic'] });
  const embedder = await resolveEmbedder(workspace.paths, 'synthetic');
  log(`${SIZE} rows into our kb service`);
  const started = performance.now();
  await fillKb(client, { kb: 'bench', group: LINE, embedder, texts, vectors });
  await indexReady(client);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, searchAll: () => searchAll(client, queries) };
}

async function searchAll(client: KbClient, queries: readonly Query[]) {
  const around: number[] = [];
  const inside: number[] = [];
  const found: number[][] = [];
  for (const { text } of queries) {
    const started = performance.now();
    const { hits, timing } = await client.call('search', { kb: 'bench', query: text, mode: 'vector', topK: K });
    around.push(performance.now() - started - timing.embeddingMs);
    inside.push(timing.retrievalMs);
    found.push(hits.map(({ document }) => Number(document.slice(document.indexOf('#') + 1))));
  }
  return { around, inside, found };
}

interface Started {
  readonly name: string;
  readonly about: string;
  readonly peer: Peer;
  readonly seconds: number;
  readonly width: number;
  readonly recall: number;
}

async function startPeers({ scratch, log, defer }: BenchContext, given: Given) {
  const files = {
    vectors: path.join(scratch, 'vectors.f32'),
    queries: path.join(scratch, 'queries.f32'),
    texts: path.join(scratch, 'texts.json'),
    dimension: DIMENSION,
  };
  writeFileSync(files.vectors, given.vectors);
  writeFileSync(
    files.queries,
    Buffer.concat(given.queries.map(({ vector }) => Buffer.from(new Float32Array(vector).buffer))),
  );
  writeFileSync(files.texts, JSON.stringify(given.texts));
  const peers: Started[] = [];
  const lost: BenchRow[] = [];
  for (const { name, needs, about } of PEERS) {
    try {
      const found = await pythonWith(needs, log);
      if ('why' in found) throw new Error(found.why);
      const peer = await openPeer(found.python, { peer: `${name}-index`, threads: 1, scratch });
      defer(() => peer.close());
      log(`${SIZE} rows into ${name}`);
      const { seconds } = await peer.index(files);
      peers.push({ name, about, peer, seconds, ...(await narrowest(peer, given.exact)) });
    } catch (error) {
      lost.push(notHad(`${name}: p50`, 'ms', reasonOf(error)));
    }
  }
  return { peers, lost };
}

/** The least search width that reaches the recall. */
async function narrowest(peer: Peer, exact: Given['exact']): Promise<{ width: number; recall: number }> {
  let best = 0;
  for (const width of WIDTHS) {
    const { found } = await peer.search({ width, from: 0, to: QUERIES, k: K });
    const recall = recallOf(found, exact);
    if (recall >= RECALL) return { width, recall };
    best = Math.max(best, recall);
  }
  throw new Error(`recall ${best.toFixed(3)} at most`);
}
