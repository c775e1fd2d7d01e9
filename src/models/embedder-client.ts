import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type EmbedderChild, startChild } from './embedder-child.ts';
import type {
  Embedded,
  EmbedderProcess,
  EmbedOptions,
  RerankerProcess,
  ResolvedEmbedder,
  ResolvedReranker,
  StartOptions,
} from './embedder-types.ts';
import { withInstruction } from './fingerprint.ts';
import { ensurePromise, resolveHttpEmbedder, startHttpEmbedder } from './http-embedder.ts';
import { modelFingerprint, resolveServed, servedName } from './served-embedder.ts';
import { fileOf, findModel, installedModel, readOwnModels } from './store.ts';

/** Texts per message to the child: long enough to sort by length, short enough to cancel and to replay. */
const WINDOW = 256;

/**
 * What is needed to start embedder `id`: a catalogue model that is here, an own model, an embedding endpoint (asked once
 * for its dimension), or one that a server of ours has (`NAME@onnx`, `NAME@vllm`). Throws `not-found`, `unavailable` (not pulled), `corrupt`, `usage` (not an embedder).
 */
export async function resolveEmbedder(paths: WorkspacePaths, id: string): Promise<ResolvedEmbedder> {
  const endpoint = readOwnModels(paths).endpoints.find((candidate) => candidate.name === id);
  if (endpoint) return resolveHttpEmbedder(paths, endpoint);
  if (servedName(id)) return resolveServed(paths, id);
  const entry = findModel(paths, id);
  if (entry.kind !== 'embedder') throw new RagtuiError('usage', `"${id}" is a ${entry.kind} model, not an embedder.`);
  const model = installedModel(paths, id);
  const config = entry.embedder;
  return {
    id,
    fingerprint: modelFingerprint(config, model.sha256),
    dimension: config.dimension,
    config,
    source: {
      kind: 'folder',
      folder: model.folder,
      model: fileOf(model, 'model.onnx'),
      tokenizer: fileOf(model, 'tokenizer.json'),
    },
  };
}

/**
 * Asks an embedder behind a server for the vectors it promised; of one of our own files nothing is asked. Throws `checksum`
 * for other vectors, and what the server is at fault with. `url`: of one server of several, else all of them are asked.
 */
export async function checkRemoteEmbedder(paths: WorkspacePaths, id: string, url?: string): Promise<void> {
  const isRemote = servedName(id) !== undefined || readOwnModels(paths).endpoints.some(({ name }) => name === id);
  if (!isRemote) return;
  const { source } = await resolveEmbedder(paths, id);
  if (source.kind === 'served') await ensurePromise(source, 0);
  if (source.kind !== 'endpoint') return;
  const all = [source.url, ...(source.alsoAt ?? [])];
  const checked = await Promise.allSettled(
    (url === undefined ? all : [url]).map((one) => ensurePromise({ ...source, url: one, alsoAt: [] }, 0)),
  );
  const failed = checked.flatMap((one) => (one.status === 'rejected' ? [toRagtuiError(one.reason)] : []));
  const problem = failed.find(({ code }) => code === 'checksum') ?? failed[0];
  // Of several some may be away.
  if (problem && (problem.code === 'checksum' || failed.length === checked.length)) throw problem;
}

/** The same for a cross-encoder. */
export function resolveReranker(paths: WorkspacePaths, id: string): ResolvedReranker {
  const entry = findModel(paths, id);
  if (entry.kind !== 'reranker') throw new RagtuiError('usage', `"${id}" is a ${entry.kind} model, not a reranker.`);
  const model = installedModel(paths, id);
  return {
    id,
    maxTokens: entry.maxTokens,
    model: fileOf(model, 'model.onnx'),
    tokenizer: fileOf(model, 'tokenizer.json'),
  };
}

/**
 * Starts an embedder: a child process that loads the model, or a client of its server. Rejects when the model cannot
 * be loaded (`corrupt`), the child dies at once (`unavailable`), or the server gives other vectors than it promised (`checksum`).
 */
export async function startEmbedder(resolved: ResolvedEmbedder, options: StartOptions = {}): Promise<EmbedderProcess> {
  const { source, config } = resolved;
  if (source.kind !== 'folder') return startHttpEmbedder(resolved, source);
  const child = await startChild(
    { role: 'embedder', model: source.model, tokenizer: source.tokenizer, threads: options.threads ?? 1, config },
    options.nice ?? 10,
  );
  return {
    resolved,
    pid: child.pid,
    embed: (texts, how) => embedWindows(child, resolved, texts, how),
    close: child.close,
    onExit: child.onExit,
  };
}

/** Starts a cross-encoder in a child of its own. */
export async function startReranker(resolved: ResolvedReranker, options: StartOptions = {}): Promise<RerankerProcess> {
  const { model, tokenizer, maxTokens } = resolved;
  const load = { role: 'reranker' as const, model, tokenizer, maxTokens, threads: options.threads ?? 1 };
  const child = await startChild(load, options.nice ?? 10);
  return {
    pid: child.pid,
    async rerank(query, texts, signal) {
      if (texts.length === 0) return [];
      const reply = await child.call({ type: 'rerank', query, texts: [...texts] }, signal);
      if (reply.type !== 'scored' || reply.scores.length !== texts.length) throw unexpected(resolved.id);
      return reply.scores;
    },
    close: child.close,
    onExit: child.onExit,
  };
}

async function embedWindows(
  child: EmbedderChild,
  resolved: ResolvedEmbedder,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<Embedded> {
  const vectors: Float32Array[] = [];
  const tokens: number[] = [];
  const cut: number[] = [];
  for (let at = 0; at < texts.length; at += WINDOW) {
    const window = texts.slice(at, at + WINDOW).map((text) => withInstruction(resolved.config, text, options));
    const reply = await child.call({ type: 'embed', texts: window }, options.signal);
    const { dimension } = resolved;
    if (reply.type !== 'embedded' || reply.vectors.length !== window.length * dimension) throw unexpected(resolved.id);
    for (let row = 0; row < window.length; row += 1) {
      vectors.push(reply.vectors.slice(row * dimension, (row + 1) * dimension));
    }
    tokens.push(...reply.tokens);
    cut.push(...reply.cut.map((position) => at + position));
  }
  return { vectors, tokens, cut };
}

const unexpected = (id: string): RagtuiError =>
  new RagtuiError('internal', `The process of model "${id}" gave an answer of the wrong shape.`);
