import { existsSync } from 'node:fs';
import path from 'node:path';
import { resolveEmbedder, startEmbedder } from '../../models/embedder-client.ts';
import { embedThrough } from '../../models/embeddings-request.ts';
import { modelFingerprint } from '../../models/served-embedder.ts';
import { findModel, folderOfModel, type InstalledModel, installedModel, promiseFile } from '../../models/store.ts';
import type { EmbedderConfig } from '../../models/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { type EmbedPlain, holdToPromise } from '../embedding/promise.ts';
import type { ServeWork } from '../types.ts';

/** vLLM 0.32's `--pooler-config`: `pooling_type` CLS or MEAN, `use_activation` = vectors of length 1 (config/pooler.py). */
export function poolerConfig({ pooling, normalize }: Pick<EmbedderConfig, 'pooling' | 'normalize'>): string {
  if (pooling === 'none') {
    throw new RagtuiError(
      'unsupported',
      'How this model pools is inside its ONNX file.',
      'Serve it with --engine onnx.',
    );
  }
  return JSON.stringify({ pooling_type: pooling === 'cls' ? 'CLS' : 'MEAN', use_activation: normalize });
}

/** The pooler of a job's embedder; undefined for chat models. Errors: `not-found`, `unsupported`. */
export function poolerOf(paths: WorkspacePaths, { runner, model }: ServeWork): string | undefined {
  return runner === 'pooling' ? poolerConfig(embedderOf(paths, model)) : undefined;
}

/** Folder of an embedder's torch weights as Transformers reads them. Throws `unsupported` where there is only ONNX. */
export function poolingWeights(paths: WorkspacePaths, id: string): string {
  const entry = findModel(paths, id);
  // Of what is not pulled yet (a dry run) it is known where it will be.
  const folder = entry.kind === 'embedder-base' ? folderOfModel(paths, id) : installedModel(paths, id).folder;
  const isThere = (name: string) => existsSync(path.join(folder, name));
  if (entry.kind === 'embedder-base' || (isThere('model.safetensors') && isThere('config.json'))) return folder;
  throw new RagtuiError(
    'unsupported',
    `${id} is here as ONNX; vLLM wants torch weights (model.safetensors and config.json beside them).`,
    'Serve it with --engine onnx; tunes made here, and their bases, have both.',
  );
}

/**
 * Holds the embedder of a vLLM server to the vectors that its model's fingerprint promises; those of our own runtime where
 * the model is here as ONNX too. Throws `checksum` with its name.
 */
export function holdServer(
  paths: WorkspacePaths,
  work: ServeWork,
  { url, key }: { readonly url: string; readonly key: string },
  signal: AbortSignal,
) {
  const model = installedModel(paths, work.model);
  const name = work.servedName ?? work.model;
  const file = promiseFile(paths, modelFingerprint(embedderOf(paths, work.model), model.sha256));
  const served: EmbedPlain = async (texts) =>
    (await embedThrough({ name, url, key, model: name }, texts, signal, { truncate: true })).vectors;
  const hasOnnx = model.files['model.onnx'] !== undefined;
  return holdToPromise(file, name, served, hasOnnx ? ownVectors(paths, model) : served);
}

/** By our own runtime, in a process that ends with the answer. */
const ownVectors =
  (paths: WorkspacePaths, { entry }: InstalledModel): EmbedPlain =>
  async (texts) => {
    const embedder = await startEmbedder(await resolveEmbedder(paths, entry.id));
    try {
      return (await embedder.embed(texts, { kind: 'query', instruction: false })).vectors;
    } finally {
      await embedder.close();
    }
  };

function embedderOf(paths: WorkspacePaths, id: string): EmbedderConfig {
  const entry = findModel(paths, id);
  if (entry.kind === 'embedder' || entry.kind === 'embedder-base') return entry.embedder;
  throw new RagtuiError('usage', `"${id}" is a ${entry.kind} model, not an embedder.`);
}
