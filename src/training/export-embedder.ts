import path from 'node:path';
import { z } from 'zod';
import type { InstalledEngine } from '../engines/store.ts';
import { fingerprintOf } from '../models/fingerprint.ts';
import { addLocalModel } from '../models/own.ts';
import { fileOf, installedModel, readOwnModels, removeModel } from '../models/store.ts';
import type { EmbedderBaseEntry } from '../models/types.ts';
import { hashFile, writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { exportedName } from './embedder-base.ts';
import { keepFiles } from './keep-files.ts';
import { checkParity, type Parity } from './parity.ts';
import { runScript, type ScriptOptions } from './script.ts';
import { tunedFolder } from './tuned.ts';

/** What a sentence-transformers folder holds besides what the export writes. */
const TORCH_FILES = ['model.safetensors', 'tokenizer_config.json'];

const answerSchema = z.object({ inputs: z.array(z.string()), opset: z.number().int(), dimension: z.number().int() });

export interface ExportRequest {
  /** What the embedder will be called. */
  readonly name: string;
  readonly base: EmbedderBaseEntry;
  /** Folder with the torch weights. */
  readonly source: string;
  readonly target: string;
  /** Where the request for the script is written. */
  readonly scratch: string;
  /** Texts on which both runtimes are compared. */
  readonly texts: readonly string[];
  readonly lineage: Readonly<Record<string, string | number>>;
}

export interface ExportedEmbedder {
  readonly name: string;
  readonly folder: string;
  readonly fingerprint: string;
  readonly parity: Parity;
}

/**
 * Torch weights → ONNX, compared with torch on `texts` by our own runtime, then registered as an embedder. Base and
 * tuned both come through here, so that they differ by the tune alone. Throws `corrupt` when the vectors differ.
 */
export async function exportEmbedder(
  paths: WorkspacePaths,
  engine: InstalledEngine,
  request: ExportRequest,
  options: ScriptOptions = {},
): Promise<ExportedEmbedder> {
  const { embedder } = request.base;
  await keepFiles(request.source, request.target, TORCH_FILES);
  writeJsonAtomic(request.scratch, {
    model: request.source,
    target: request.target,
    pooling: embedder.pooling,
    normalize: embedder.normalize,
    maxTokens: embedder.maxTokens,
    texts: request.texts,
  });
  const { opset } = await runScript(engine, 'export_onnx', [request.scratch], answerSchema, options);
  const parity = await checkParity(request.target, embedder, options.signal);
  const at = (name: string) => path.join(request.target, name);
  const sha256 = {
    'model.onnx': await hashFile(at('model.onnx'), options.signal),
    'tokenizer.json': await hashFile(at('tokenizer.json'), options.signal),
  };
  const fingerprint = fingerprintOf(embedder, { model: sha256['model.onnx'], tokenizer: sha256['tokenizer.json'] });
  writeJsonAtomic(at('manifest.json'), {
    version: 1,
    name: request.name,
    base: request.base.id,
    fingerprint,
    sha256,
    exporter: { torch: engine.versions['torch'] ?? '', onnx: engine.versions['onnx'] ?? '', opset, dtype: 'f32' },
    parity,
    lineage: request.lineage,
    madeAt: new Date().toISOString(),
  });
  // Last: a job that is killed before this begins the export anew.
  await addLocalModel(paths, { name: request.name, path: request.target, kind: 'embedding', embedder }, options.signal);
  return { name: request.name, folder: request.target, fingerprint, parity };
}

/** The base as an embedder by the same exporter: made once, then only found. Undefined when it was there. */
export async function exportBase(
  paths: WorkspacePaths,
  engine: InstalledEngine,
  request: Omit<ExportRequest, 'name' | 'source' | 'target' | 'lineage'>,
  options: ScriptOptions = {},
): Promise<ExportedEmbedder | undefined> {
  const name = exportedName(request.base.id);
  const { root, result } = tunedFolder(paths, name);
  const unlock = await lockFile(`${root}.lock`, options.signal ? { signal: options.signal } : {});
  try {
    if (readOwnModels(paths).models.some(({ entry }) => entry.id === name)) {
      if (isIntact(paths, name)) return undefined;
      await removeModel(paths, name);
    }
    const installed = installedModel(paths, request.base.id);
    const source = path.dirname(fileOf(installed, 'model.safetensors'));
    return await exportEmbedder(
      paths,
      engine,
      {
        ...request,
        name,
        source,
        target: result,
        lineage: { baseWeights: installed.sha256['model.safetensors'] ?? '' },
      },
      options,
    );
  } finally {
    unlock();
  }
}

function isIntact(paths: WorkspacePaths, name: string): boolean {
  try {
    installedModel(paths, name);
    return true;
  } catch {
    return false;
  }
}
