import { statSync } from 'node:fs';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import {
  CANARY_TEXTS,
  comparePromise,
  insistOn,
  type Kept,
  otherVectors,
  promiseOf,
  readPromise,
  SAME_COSINE,
  type VectorPromise,
  writePromise,
} from './canary.ts';
import type { EmbedderProcess, EmbedderSource, ResolvedEmbedder } from './embedder-types.ts';
import { type Proof, requestEmbeddings } from './embeddings-request.ts';
import { EndpointFault } from './endpoint-faults.ts';
import { shownUrl } from './endpoint-url.ts';
import { fingerprintOf, withInstruction } from './fingerprint.ts';
import { poolFolder } from './pool-figures.ts';
import { requestServed } from './served-embedder.ts';
import { forgetCanaries, keepCanary } from './server-canary.ts';
import { canaryFile } from './store.ts';
import type { EmbedderConfig, Endpoint } from './types.ts';

type EndpointSource = Extract<EmbedderSource, { kind: 'endpoint' }>;
export type RemoteSource = Exclude<EmbedderSource, { kind: 'folder' }>;

const UNKNOWN_LIMIT = 8192;
/** While an embedder is used, its promise is checked again after so long. */
const CHECK_EVERY_MS = 3_600_000;
/** A start checks, unless another start of this process has just done so (the lanes of an ingest). */
const CHECK_AT_START_MS = 10_000;

/** Asks an endpoint for its dimension at the first use, and keeps its vectors as its promise. Throws `usage`, `unavailable`, `network`. */
export async function resolveHttpEmbedder(paths: WorkspacePaths, endpoint: Endpoint): Promise<ResolvedEmbedder> {
  if (endpoint.kind !== 'embedding')
    throw new RagtuiError('usage', `Endpoint "${endpoint.name}" is for chat, not for embedding.`);
  const source = sourceOf(paths, endpoint);
  return resolvedBy(source, promiseOfNow(source) ?? (await takePromise(source)));
}

const sourceOf = (paths: WorkspacePaths, endpoint: Endpoint): EndpointSource => ({
  ...endpoint,
  kind: 'endpoint',
  canary: canaryFile(paths, endpoint.name),
  records: poolFolder(paths, endpoint.name),
});

/** What was promised at this address for this model; none when the user has changed either. */
function promiseOfNow({ canary, url, model }: EndpointSource): VectorPromise | undefined {
  const known = readPromise(canary);
  return known?.url === url && known.model === model ? known : undefined;
}

/** What an endpoint is by its promise: other vectors make another fingerprint. */
function resolvedBy(source: EndpointSource, { dimension, vectors }: VectorPromise): ResolvedEmbedder {
  const config: EmbedderConfig = {
    pooling: 'none',
    normalize: true,
    maxTokens: UNKNOWN_LIMIT,
    dimension,
    dtype: 'f32',
    queryInstruction: source.queryInstruction ?? '',
    passageInstruction: '',
  };
  const fingerprint = fingerprintOf(config, { endpoint: source.url, model: source.model, probe: vectors.join() });
  return { id: source.name, fingerprint, dimension, config, source };
}

async function takePromise(source: EndpointSource): Promise<VectorPromise> {
  const promised = promiseOf(await requestOf(source, CANARY_TEXTS), { url: source.url, model: source.model });
  writePromise(source.canary, promised);
  if (source.records !== undefined) forgetCanaries(source.records);
  return promised;
}

/**
 * Makes what an endpoint answers now its promise, as `ragtui models check --accept` does. Returns the embedder before
 * (undefined at the first use) and after: another fingerprint means that its texts have to be embedded anew.
 */
export async function acceptVectors(
  paths: WorkspacePaths,
  endpoint: Endpoint,
): Promise<{ readonly before: ResolvedEmbedder | undefined; readonly after: ResolvedEmbedder }> {
  const source = sourceOf(paths, endpoint);
  const known = promiseOfNow(source);
  const before = known && resolvedBy(source, known);
  // Vectors that are the same but for rounding keep their name.
  if (before && (await keptNow(source, known))) return { before, after: before };
  return { before, after: resolvedBy(source, await takePromise(source)) };
}

async function keptNow(source: RemoteSource, promised: VectorPromise): Promise<boolean> {
  try {
    insistOn(promised, await requestOf(source, promised.texts), source.name);
    return true;
  } catch (error) {
    if (error instanceof RagtuiError && error.code === 'checksum') return false;
    throw error;
  }
}

/** Checks that the server gives the vectors it promised, then embeds through it. Throws `checksum` if not, by name. */
export async function startHttpEmbedder(resolved: ResolvedEmbedder, source: RemoteSource): Promise<EmbedderProcess> {
  const { config } = resolved;
  let seen = modifiedAt(source.canary);
  insistOnPromise(resolved, source);
  const proof = proofOf(source);
  // Of several, each is checked when it is first asked: one that is down must not keep the others from working.
  if (!proof) await ensurePromise(source, CHECK_AT_START_MS);
  return {
    resolved,
    pid: undefined,
    async embed(texts, options) {
      const now = modifiedAt(source.canary);
      if (now !== seen) insistOnPromise(resolved, source);
      seen = now;
      if (!proof) await ensurePromise(source, CHECK_EVERY_MS);
      const inputs = texts.map((text) => withInstruction(config, text, options));
      const { vectors, tokens } = await send(source, inputs, options.signal, proof);
      const other = vectors.find((vector) => vector.length !== resolved.dimension);
      if (other) {
        const what = `gives vectors of ${other.length} numbers; it promised ${resolved.dimension}`;
        throw otherVectors(source.name, where(source), what);
      }
      return { vectors, tokens };
    },
    close: () => Promise.resolve(),
    onExit: () => () => {},
  };
}

/** Each of several servers must keep the promise that the embedder made; undefined for a server alone. */
function proofOf(source: RemoteSource): Proof | undefined {
  if (source.kind !== 'endpoint' || !source.alsoAt?.length) return undefined;
  const alone = ({ url }: { url: string }): EndpointSource => ({ ...source, url, alsoAt: [] });
  // The request that waits for the proof has one of the turns that the limits allow: the proof must not wait for another.
  const beside = async (member: RemoteSource, texts: readonly string[]) => {
    const { url } = member.kind === 'endpoint' ? member : source;
    const { limits: _, ...free } = { ...source, url, alsoAt: [], name: `${source.name} at ${shownUrl({ url })}` };
    return (await requestEmbeddings(free, texts)).vectors;
  };
  return {
    async ensure(at) {
      try {
        await ensurePromise(alone(at), CHECK_EVERY_MS, beside);
      } catch (error) {
        if (!(error instanceof RagtuiError) || error.code !== 'checksum') throw error;
        throw new EndpointFault('corrupt', error.message, error.hint, { cause: error });
      }
    },
    doubt: (at) => checks.delete(keyOf(alone(at))),
  };
}

const modifiedAt = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.mtimeMs;

/** Who goes on with an embedder whose vectors were accepted anew would store them under its old fingerprint. */
function insistOnPromise({ fingerprint }: ResolvedEmbedder, source: RemoteSource): void {
  if (source.kind !== 'endpoint') return;
  const promised = promiseOfNow(source);
  if (promised && resolvedBy(source, promised).fingerprint === fingerprint) return;
  throw new RagtuiError(
    'checksum',
    `The vectors of the embedder "${source.name}" were accepted anew while it was used.`,
    'Ingest again: its texts are embedded with the new ones.',
  );
}

/** When the promise of each embedder was last found kept in this process, by its file and who answered. */
const checks = new Map<string, { readonly at: number; readonly done: Promise<Kept | undefined> }>();

/**
 * Asks for the vectors of the canary texts and compares, unless that was done within `maxAgeMs`. Undefined where nothing was
 * promised yet. Throws `checksum` for other vectors, and what the server is at fault with.
 */
export function ensurePromise(
  source: RemoteSource,
  maxAgeMs: number,
  ask: typeof requestOf = requestOf,
): Promise<Kept | undefined> {
  const key = keyOf(source);
  const last = checks.get(key);
  if (last && performance.now() - last.at < maxAgeMs) return last.done;
  const done = checkPromise(source, ask);
  checks.set(key, { at: performance.now(), done });
  // What failed is asked again the next time.
  done.catch(() => checks.delete(key));
  return done;
}

const keyOf = (source: RemoteSource): string =>
  source.kind === 'endpoint' ? `${source.canary}\0${source.url}` : source.canary;

async function checkPromise(source: RemoteSource, ask: typeof requestOf): Promise<Kept | undefined> {
  const promised = readPromise(source.canary);
  if (!promised) return undefined;
  const vectors = await ask(source, promised.texts);
  if (source.kind === 'endpoint' && source.records !== undefined) {
    const { cosine } = comparePromise(promised, vectors);
    keepCanary(source.records, { url: shownUrl(source), at: Date.now(), kept: cosine >= SAME_COSINE, cosine });
  }
  return insistOn(promised, vectors, source.name, where(source));
}

const where = (source: RemoteSource): string =>
  source.kind === 'endpoint' ? ` at ${shownUrl(source)}` : ` on our server ${source.name}`;

const requestOf = async (source: RemoteSource, texts: readonly string[]): Promise<readonly Float32Array[]> =>
  (await send(source, texts)).vectors;

const send = (source: RemoteSource, texts: readonly string[], signal?: AbortSignal, proof?: Proof) =>
  source.kind === 'endpoint' ? requestEmbeddings(source, texts, signal, proof) : requestServed(source, texts, signal);
