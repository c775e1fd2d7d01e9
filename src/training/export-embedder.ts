import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJsonFile } from '../jobs/folder.ts';
import { fingerprintOf } from '../models/fingerprint.ts';
import { addLocalModel } from '../models/own.ts';
import { fileOf, installedModel, readOwnModels, removeModel } from '../models/store.ts';
import type { EmbedderBaseEntry, EmbedderConfig } from '../models/types.ts';
import { hashFile, writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { exportedName, int8Name } from './embedder-base.ts';
import { type TrainedFacts, writeCard } from './embedder-card.ts';
import type { ExportTools } from './export-tools.ts';
import { keepFiles } from './keep-files.ts';
import { checkParity, measureParity, type Parity } from './parity.ts';
import type { ScriptOptions } from './script.ts';
import { tunedFolder } from './tuned.ts';

/** What a sentence-transformers folder holds besides what the export writes. */
const TORCH_FILES = ['model.safetensors', 'tokenizer_config.json'];

export interface ExportRequest {
  /** What the embedder will be called. */
  readonly name: string;
  readonly base: EmbedderBaseEntry;
  /** Folder with the torch weights. */
  readonly source: string;
  readonly target: string;
  /** Texts on which both runtimes are compared. */
  readonly texts: readonly string[];
  readonly lineage: Readonly<Record<string, string | number>>;
  /** How it embeds, where that is not just as the base does. */
  readonly config?: EmbedderConfig;
  /** Of a tune: what its card tells. */
  readonly facts?: TrainedFacts;
  /** Also make an int8 model, in this folder. */
  readonly int8?: string;
}

export interface ExportedEmbedder {
  readonly name: string;
  readonly folder: string;
  readonly fingerprint: string;
  /** With torch; of an int8 model with the float32 one. */
  readonly parity: Parity;
  readonly int8?: ExportedEmbedder;
}

/**
 * Torch weights → ONNX, compared with torch on `texts` by our own runtime, then registered as an embedder. Base and
 * tuned both come through here, so that they differ by the tune alone. Throws `corrupt` when the vectors differ.
 */
export async function exportEmbedder(
  paths: WorkspacePaths,
  tools: ExportTools,
  request: ExportRequest,
  options: ScriptOptions = {},
): Promise<ExportedEmbedder> {
  const embedder = request.config ?? request.base.embedder;
  const { source, target, texts } = request;
  await keepFiles(source, target, TORCH_FILES);
  const { opset } = await tools.onnx({ source, target, embedder, texts }, options);
  const parity = await checkParity(request.target, embedder, options.signal);
  const { torch = '', onnx = '' } = tools.versions;
  const exporter = { torch, onnx, opset, dtype: 'f32' };
  const made = await describe(request, { name: request.name, folder: request.target, embedder, parity, exporter });
  const int8 = request.int8 === undefined ? undefined : await exportInt8(paths, tools, request, request.int8, options);
  // Last: a job that is killed before this begins the export anew.
  await addLocalModel(paths, { name: request.name, path: request.target, kind: 'embedding', embedder }, options.signal);
  return { ...made, ...(int8 ? { int8 } : {}) };
}

/** What describes an embedder beside its weights; the same for both. */
const BESIDE = ['tokenizer.json', 'config.json', 'modules.json', '1_Pooling', 'sentence_bert_config.json'];

/**
 * The float32 model with int8 weights (onnxruntime's dynamic quantisation), registered as an embedder of its own: its
 * vectors are others, by how much is said and is no reason to refuse it.
 */
async function exportInt8(
  paths: WorkspacePaths,
  tools: ExportTools,
  request: ExportRequest,
  target: string,
  options: ScriptOptions,
): Promise<ExportedEmbedder> {
  const name = int8Name(request.name);
  const embedder: EmbedderConfig = { ...(request.config ?? request.base.embedder), dtype: 'int8' };
  const from = (file: string) => path.join(request.target, file);
  await keepFiles(request.target, target, BESIDE);
  if (embedder.normalize) mkdirSync(path.join(target, '2_Normalize'));
  const answer = await tools.int8(from('model.onnx'), path.join(target, 'model.onnx'), options);
  const { text: _, ...parity } = await measureParity(target, embedder, from('reference.json'), options.signal);
  const exporter = { onnxruntime: answer.onnxruntime, dtype: 'int8' };
  const made = await describe(request, { name, folder: target, embedder, parity, exporter });
  // An earlier job may have come to this and no further.
  if (readOwnModels(paths).models.some(({ entry }) => entry.id === name)) await removeModel(paths, name);
  await addLocalModel(paths, { name, path: target, kind: 'embedding', embedder }, options.signal);
  return made;
}

interface Described {
  readonly name: string;
  readonly folder: string;
  readonly embedder: EmbedderConfig;
  readonly parity: Parity;
  readonly exporter: Readonly<Record<string, string | number>>;
}

/** Writes `manifest.json`, and the card of a tune. */
async function describe(
  { base, lineage, facts }: ExportRequest,
  { name, folder, embedder, parity, exporter }: Described,
): Promise<ExportedEmbedder> {
  const at = (file: string) => path.join(folder, file);
  const sha256 = {
    'model.onnx': await hashFile(at('model.onnx')),
    'tokenizer.json': await hashFile(at('tokenizer.json')),
  };
  const fingerprint = fingerprintOf(embedder, { model: sha256['model.onnx'], tokenizer: sha256['tokenizer.json'] });
  writeJsonAtomic(at('manifest.json'), {
    version: 1,
    name,
    base: base.id,
    fingerprint,
    sha256,
    exporter,
    parity,
    lineage,
    madeAt: new Date().toISOString(),
  });
  if (facts) {
    const weights = at('model.safetensors');
    const hashes = existsSync(weights) ? { ...sha256, 'model.safetensors': await hashFile(weights) } : sha256;
    writeCard(folder, facts, { name, base: base.id, config: embedder, fingerprint, parity, sha256: hashes });
  }
  return { name, folder, fingerprint, parity };
}

/** The base as an embedder by the same exporter: made once, then only found. Undefined when it was there. */
export async function exportBase(
  paths: WorkspacePaths,
  tools: ExportTools,
  request: Omit<ExportRequest, 'name' | 'source' | 'target' | 'lineage'>,
  options: ScriptOptions = {},
): Promise<ExportedEmbedder | undefined> {
  const name = exportedName(request.base.id);
  const { root, result } = tunedFolder(paths, name);
  const unlock = await lockFile(`${root}.lock`, options.signal ? { signal: options.signal } : {});
  try {
    const installed = installedModel(paths, request.base.id);
    const weights = installed.sha256['model.safetensors'] ?? '';
    if (readOwnModels(paths).models.some(({ entry }) => entry.id === name)) {
      if (isIntact(paths, name) && madeOf(result) === weights) return undefined;
      await removeModel(paths, name);
    }
    const source = path.dirname(fileOf(installed, 'model.safetensors'));
    return await exportEmbedder(
      paths,
      tools,
      {
        ...request,
        name,
        source,
        target: result,
        lineage: { baseWeights: weights },
      },
      options,
    );
  } finally {
    unlock();
  }
}

const manifestSchema = z.object({ lineage: z.object({ baseWeights: z.string() }) });

/** Hash of the weights that an exported base was made of: one of a person's own may have been added anew with others. */
const madeOf = (folder: string): string | undefined =>
  readJsonFile(path.join(folder, 'manifest.json'), manifestSchema)?.lineage.baseWeights;

function isIntact(paths: WorkspacePaths, name: string): boolean {
  try {
    installedModel(paths, name);
    return true;
  } catch {
    return false;
  }
}
