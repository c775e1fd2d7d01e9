import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findServer } from '../serving/servers.ts';
import type { EmbedderSource, ResolvedEmbedder } from './embedder-types.ts';
import { type EmbeddingsPart, embedThrough } from './embeddings-request.ts';
import { fingerprintOf } from './fingerprint.ts';
import { installedModel, promiseFile } from './store.ts';

type ServedSource = Extract<EmbedderSource, { kind: 'served' }>;

const RETRIES = 4;
const ENGINE = /^(.+)@(onnx|vllm)$/;

/** The parts of `NAME@onnx` or `NAME@vllm`: an embedder that we serve. Undefined for any other name. */
export function servedName(id: string): { readonly model: string; readonly engine: 'onnx' | 'vllm' } | undefined {
  const [, model, engine] = ENGINE.exec(id) ?? [];
  return model && (engine === 'onnx' || engine === 'vllm') ? { model, engine } : undefined;
}

/**
 * An embedder behind a server of ours (`ragtui deploy start`). It has the fingerprint of its model: the server answers only
 * after it gave the vectors which that promises, and every user of it checks them again.
 * Errors: `usage`, `unsupported`, `unavailable` (not here), `not-found`.
 */
export function resolveServed(paths: WorkspacePaths, id: string): ResolvedEmbedder {
  const named = servedName(id);
  if (!named) throw new RagtuiError('usage', `"${id}" names no embedder of ours.`, 'Write NAME@onnx or NAME@vllm.');
  const model = installedModel(paths, named.model);
  const { entry } = model;
  if (entry.kind !== 'embedder' && entry.kind !== 'embedder-base') {
    throw new RagtuiError('usage', `"${named.model}" is a ${entry.kind} model, not an embedder.`);
  }
  const config = entry.embedder;
  if (!config.normalize) {
    throw new RagtuiError(
      'unsupported',
      `${named.model} gives vectors of any length; those that come over HTTP are scaled to length 1.`,
      `Use it here: ${named.model}.`,
    );
  }
  const fingerprint = modelFingerprint(config, model.sha256);
  return {
    id,
    fingerprint,
    dimension: config.dimension,
    config,
    source: { kind: 'served', name: id, ...named, paths, canary: promiseFile(paths, fingerprint) },
  };
}

/** Of a model's own files: the ONNX export that our runtime runs, or torch weights where there is none. */
export function modelFingerprint(
  config: Parameters<typeof fingerprintOf>[0],
  sha256: Readonly<Record<string, string>>,
): string {
  return fingerprintOf(config, {
    model: sha256['model.onnx'] ?? sha256['model.safetensors'],
    tokenizer: sha256['tokenizer.json'],
  });
}

/** Vectors of texts as they are, from the server that has the model now. Errors: `unavailable`, those of `embedThrough`. */
export async function requestServed(
  { model, engine, paths, name }: ServedSource,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<EmbeddingsPart> {
  const server = findServer(paths, [model], engine, 'pooling');
  const endpoint = server && readJsonFile(jobFiles(server.job.folder).endpoint, endpointFileSchema);
  if (!endpoint?.ready) {
    throw new RagtuiError(
      'unavailable',
      `${name} is not served ${server ? 'yet' : 'now'}.`,
      server
        ? `See \`ragtui jobs logs -f ${server.job.spec.id}\`.`
        : `Start it: \`ragtui deploy start ${model} --engine ${engine}\`.`,
    );
  }
  const { url, key } = endpoint;
  // Texts come with their instruction in front.
  const asked = engine === 'onnx' ? `${model}:plain` : model;
  return embedThrough({ name, url, key, model: asked, retries: RETRIES, watched: true }, texts, signal, {
    truncate: true,
  });
}
