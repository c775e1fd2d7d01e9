import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSegment } from '../../src/kb/index/build-segment.ts';
import type { SegmentBuilder } from '../../src/kb/index/builder.ts';
import type { KbClient, Method, Params, Result } from '../../src/kb/protocol.ts';
import { methods } from '../../src/kb/protocol.ts';
import { type KbService, type KbServiceOptions, openKbService } from '../../src/kb/service.ts';
import type { ChunkDraft } from '../../src/kb/types.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';

/** A workspace in a folder of its own that goes away. */
export function tempWorkspace(): { paths: WorkspacePaths; remove: () => void } {
  const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-kb-'));
  return { paths: workspacePaths(home, {}), remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** 32 hex characters that stand for `text`. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** As many directions as real embeddings of one subject spread over. */
const DIRECTIONS = 48;
const directions = new Map<string, Float32Array[]>();

/** A unit vector that depends on `seed` and `text` only; different texts are far apart, yet have neighbours. */
export function fakeVector(seed: string, text: string, dim: number): Float32Array {
  const key = `${seed} ${dim}`;
  const basis = directions.get(key) ?? Array.from({ length: DIRECTIONS }, (_, at) => numbersOf(`${seed}\0${at}`, dim));
  directions.set(key, basis);
  const vector = new Float32Array(dim);
  for (const [at, weight] of numbersOf(text, DIRECTIONS).entries()) {
    const direction = basis[at] ?? vector;
    for (let i = 0; i < dim; i += 1) vector[i] = (vector[i] ?? 0) + weight * (direction[i] ?? 0);
  }
  let square = 0;
  for (const value of vector) square += value * value;
  const norm = Math.sqrt(square);
  return vector.map((value) => value / norm);
}

/** `count` numbers between -1 and 1 from a hash. */
function numbersOf(text: string, count: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let at = 0; at < count; at += 8) {
    const digest = createHash('sha256').update(`${at}\0${text}`).digest();
    for (let i = 0; i < 8 && at + i < count; i += 1) numbers[at + i] = digest.readInt32LE(i * 4) / 2 ** 31;
  }
  return numbers;
}

export const base64Of = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');

/** Lines as the `line` splitter cuts them, done by hand. */
export function lineChunks(text: string): ChunkDraft[] {
  let at = 0;
  const drafts: ChunkDraft[] = [];
  for (const line of text.split('\n')) {
    if (line !== '') drafts.push({ ordinal: drafts.length, start: at, end: at + line.length, title: '', text: line });
    at += line.length + 1;
  }
  return drafts;
}

/** An embedder of tests: its name is also the seed of its vectors and of its fingerprint. */
export const fakeEmbedder = (id: string, dimension: number) => ({
  id,
  fingerprint: hashOf(`${id} ${dimension}`),
  dimension,
});

export interface OpenedService {
  readonly service: KbService;
  readonly log: string[];
  call<M extends Method>(method: M, params: Params<M>, client?: number): Promise<Result<M>>;
  /** The same as a client, for code that wants one. */
  readonly client: KbClient;
}

const schemas: { readonly [M in Method]: { readonly result: { parse(value: unknown): Result<M> } } } = methods;

/** The service in this process, with fake embedders of the given dimensions. */
export function openService(
  paths: WorkspacePaths,
  dimensions: Readonly<Record<string, number>>,
  build: SegmentBuilder = buildSegment,
  vectorServers?: KbServiceOptions['vectorServers'],
): OpenedService {
  const log: string[] = [];
  const service = openKbService(paths, {
    build,
    ...(vectorServers && { vectorServers }),
    log: (text) => log.push(text),
    embedder: {
      embed: async (id, text) => {
        const dim = dimensions[id] ?? 0;
        return { vector: fakeVector(id, text, dim), fingerprint: fakeEmbedder(id, dim).fingerprint };
      },
    },
    texts: {
      embedTexts: async (id, texts) => {
        const dim = dimensions[id] ?? 0;
        return {
          vectors: texts.map((text) => fakeVector(id, text, dim)),
          fingerprint: fakeEmbedder(id, dim).fingerprint,
        };
      },
    },
    // Longer texts first: an order no other arm gives.
    reranker: { rerank: async (_id, _query, texts) => texts.map((text) => text.length / (1 + text.length)) },
  });
  const call = async <M extends Method>(method: M, params: Params<M>, client = 1): Promise<Result<M>> =>
    schemas[method].result.parse(await service.routes[method](params, { client }));
  return {
    service,
    log,
    call,
    client: {
      call: (method, params) => call(method, params),
      close: async () => undefined,
      onRestart: () => () => undefined,
    },
  };
}

export interface IngestOptions {
  readonly kb: string;
  readonly embedders: readonly { id: string; fingerprint: string; dimension: number }[];
  /** Path → text of its one document; null = the file is gone. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly prune?: boolean;
  readonly owner?: string;
  readonly metadata?: (path: string) => Record<string, string>;
  readonly roots?: readonly string[];
}

/** A small ingest worker: the same calls in the same order, with fake vectors. Returns how many texts it embedded. */
export async function ingest(client: Pick<KbClient, 'call'>, options: IngestOptions): Promise<{ embedded: number }> {
  const begun = await client.call('ingest.begin', {
    kb: options.kb,
    groups: [{ name: 'line', splitter: 'line' }],
    embedders: [...options.embedders],
    roots: [...(options.roots ?? [])],
    owner: options.owner ?? 'test',
  });
  const session = begun.session ?? '';
  let embedded = 0;
  const gone: string[] = [];
  for (const [file, text] of Object.entries(options.files)) {
    if (text === null) {
      gone.push(file);
      continue;
    }
    const source = sourceOf(file, text);
    const document = { key: '', title: path.basename(file), text, metadata: options.metadata?.(file) ?? {} };
    const stored = await client.call('ingest.documents', {
      session,
      source,
      documents: [{ ...document, chunks: [{ group: 'line', chunks: lineChunks(text) }] }],
    });
    for (const embedder of options.embedders) {
      const vectors = stored.missing
        .filter((entry) => entry.embedder === embedder.id)
        .map((entry) => ({
          hash: entry.hash,
          vector: base64Of(fakeVector(embedder.id, entry.text, embedder.dimension)),
        }));
      embedded += vectors.length;
      if (vectors.length > 0) await client.call('ingest.vectors', { session, embedder: embedder.id, vectors });
    }
    await client.call('ingest.publish', {
      session,
      source,
      revisions: stored.revisions.map((entry) => entry.revision),
    });
  }
  if (gone.length > 0) await client.call('ingest.remove', { session, paths: gone, prune: options.prune ?? false });
  await client.call('ingest.end', { session, report: emptyReport(embedded) });
  return { embedded };
}

export const sourceOf = (file: string, text: string) => ({
  path: file,
  size: text.length,
  mtimeMs: 1,
  inode: 1,
  sha: hashOf(text),
  recipe: hashOf('recipe'),
  failed: false,
});

export const emptyReport = (embedded = 0) => ({
  added: 0,
  changed: 0,
  unchanged: 0,
  removed: 0,
  failed: [],
  chunks: 0,
  embedded,
  tokens: 0,
  seconds: 0,
});
