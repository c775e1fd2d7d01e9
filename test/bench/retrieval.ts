import { connectKb } from '../../src/kb/client.ts';
import { type KbClient, PROTOCOL_VERSION } from '../../src/kb/protocol.ts';
import type { SearchMode } from '../../src/kb/types.ts';
import { resolveEmbedder } from '../../src/models/embedder-client.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { LINE, TestWorkspace } from '../support/workspace.ts';
import { wordMaker } from './corpus.ts';
import { fillKb } from './fill-kb.ts';
import { memoryOf } from './machine.ts';
import { median, quantile, seeded } from './stats.ts';
import { exactTopK, syntheticVectors } from './synthetic.ts';
import type { BenchContext, Benchmark, BenchRow, Budget } from './types.ts';
import { addVectorServer, DIMENSION, startVectorServer, type VectorServer } from './vector-server.ts';

const SYNTHETIC = 'synthetic';
const K = 10;
const WARM_UP = 50;
const WORDS_PER_CHUNK = 35;
const WORDS_PER_QUERY = 6;
const BUILD_TIMEOUT_MS = 600_000;
const MODES: readonly SearchMode[] = ['vector', 'bm25', 'hybrid'];

export const retrieval: Benchmark = {
  name: 'retrieval',
  about: 'searches through the kb service, top 10, against an exact scan in plain JavaScript',
  async run(context) {
    const server = await startVectorServer();
    context.defer(() => server.close());
    const rows: BenchRow[] = [];
    for (const size of context.quick ? [10_000] : [10_000, 100_000])
      rows.push(...(await atSize(context, server, size)));
    return rows;
  },
};

export interface Query {
  readonly text: string;
  readonly vector: Float32Array;
}

async function atSize({ quick, log }: BenchContext, server: VectorServer, size: number): Promise<BenchRow[]> {
  log(`${size} made-up chunks with clustered vectors of ${DIMENSION} numbers`);
  const vectors = syntheticVectors({ count: size, seed: size, dimension: DIMENSION });
  const words = wordMaker(size);
  const texts = Array.from({ length: size }, (_, row) => `${row} ${words(WORDS_PER_CHUNK)}`);
  const queries = makeQueries(texts, quick ? 200 : 1000);
  for (const { text, vector } of queries) server.set(text, vector);

  const workspace = new TestWorkspace();
  const client = await connectKb(workspace.paths);
  try {
    await addVectorServer(workspace.paths, SYNTHETIC, server);
    await client.call('kb.create', { name: 'bench', groups: [LINE], embedders: [SYNTHETIC] });
    const embedder = await resolveEmbedder(workspace.paths, SYNTHETIC);
    const fillStart = performance.now();
    await fillKb(client, { kb: 'bench', group: LINE, embedder, texts, vectors });
    const fillSeconds = (performance.now() - fillStart) / 1000;
    log(`filled in ${fillSeconds.toFixed(1)} s`);
    const search = await indexReady(client);
    const buildSeconds = (performance.now() - fillStart) / 1000 - fillSeconds;
    log(`index (${search}) ready ${buildSeconds.toFixed(1)} s later`);
    const measured = await measure(client, queries, vectors);
    const { pid } = await client.call('hello', { version: PROTOCOL_VERSION });
    const memory = memoryOf(pid);
    const k = `${size / 1000}k`;
    return [
      ...MODES.flatMap((mode) => timeRows(k, mode, measured, size)),
      {
        measure: `${k}: recall@${K} of vector`,
        value: measured.recall,
        unit: '',
        budget: { least: 0.99 },
        note: `searched by ${search}, against the exact scan, ${measured.scans.length} queries`,
      },
      {
        measure: `${k}: exact scan in plain JS`,
        value: median(measured.scans),
        unit: 'ms',
        note: 'p50, same queries in between',
      },
      {
        measure: `${k}: filling`,
        value: size / fillSeconds,
        unit: 'chunks/s',
        note: 'rows, full text and vectors into the service',
      },
      {
        measure: `${k}: index build`,
        value: buildSeconds,
        unit: 's',
        note: 'from the end of the filling until all is in segments',
      },
      {
        measure: `${k}: memory of the kb service`,
        value: memory.now,
        unit: 'MB',
        note: `at most ${Math.round(memory.peak)} MB since its start`,
      },
    ];
  } finally {
    await client.close();
    await workspace.remove();
  }
}

/** Questions of a few words of some chunk, with vectors nobody has stored. */
export function makeQueries(texts: readonly string[], count: number): Query[] {
  const vectors = syntheticVectors({ count, seed: 4711, dimension: DIMENSION });
  const random = seeded(42);
  return Array.from({ length: count }, (_, at) => {
    const words = (texts[Math.floor(random() * texts.length)] ?? '').split(' ').slice(1);
    const some = Array.from({ length: WORDS_PER_QUERY }, () => words[Math.floor(random() * words.length)] ?? '');
    return { text: some.join(' '), vector: vectors.subarray(at * DIMENSION, (at + 1) * DIMENSION) };
  });
}

export async function indexReady(client: KbClient): Promise<string> {
  // The first search opens the index.
  await client.call('search', { kb: 'bench', query: 'warm', mode: 'vector' });
  let search = 'exact';
  const ready = await waitUntil(
    async () => {
      search = (await client.call('kb.show', { kb: 'bench' })).indexes[0]?.search ?? 'none';
      return search !== 'rebuilding';
    },
    BUILD_TIMEOUT_MS,
    50,
  );
  if (!ready) throw new Error('the index was not built in time');
  return search;
}

interface Times {
  /** As the service says. */
  readonly inside: number[];
  /** As the client sees it, less the query's embedding. */
  readonly around: number[];
}
interface Measured {
  readonly times: Readonly<Record<SearchMode, Times>>;
  /** Exact scans, ms. */
  readonly scans: number[];
  readonly recall: number;
}

async function measure(client: KbClient, queries: readonly Query[], vectors: Float32Array): Promise<Measured> {
  const none = (): Times => ({ inside: [], around: [] });
  const times = { vector: none(), bm25: none(), hybrid: none() };
  const scans: number[] = [];
  const recalls: number[] = [];
  const scanEvery = vectors.length / DIMENSION > 20_000 ? 20 : 5;
  for (const { text } of queries.slice(0, WARM_UP)) {
    for (const mode of MODES) await client.call('search', { kb: 'bench', query: text, mode, topK: K });
  }
  for (const [number, { text, vector }] of queries.entries()) {
    let found: string[] = [];
    for (const mode of MODES) {
      const started = performance.now();
      const { hits, timing } = await client.call('search', { kb: 'bench', query: text, mode, topK: K });
      times[mode].around.push(performance.now() - started - timing.embeddingMs);
      times[mode].inside.push(timing.retrievalMs);
      if (mode === 'vector') found = hits.map((hit) => hit.document.slice(hit.document.indexOf('#') + 1));
    }
    if (number % scanEvery !== 0) continue;
    const started = performance.now();
    const exact = exactTopK(vectors, vector, K);
    scans.push(performance.now() - started);
    recalls.push(exact.filter((row) => found.includes(String(row))).length / K);
  }
  return { times, scans, recall: recalls.reduce((sum, value) => sum + value, 0) / recalls.length };
}

function timeRows(k: string, mode: SearchMode, { times, scans }: Measured, size: number): BenchRow[] {
  const { inside, around } = times[mode];
  const p50 = median(inside);
  const budget: Budget = { most: size > 10_000 ? 10 : 1 };
  const promised = size > 10_000 ? 'budget of 1M' : '';
  return [
    {
      measure: `${k}: ${mode}, p50`,
      value: p50,
      unit: 'ms',
      budget,
      ratio: p50 / median(scans),
      note: ['ratio: to the exact scan', promised].filter(Boolean).join('; '),
    },
    { measure: `${k}: ${mode}, p95`, value: quantile(inside, 0.95), unit: 'ms' },
    {
      measure: `${k}: ${mode}, round trip p50`,
      value: median(around),
      unit: 'ms',
      note: `as the client sees it, less the query embedding; p95 ${quantile(around, 0.95).toFixed(2)} ms`,
    },
  ];
}
