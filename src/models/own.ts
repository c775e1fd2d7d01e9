import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { hashFile } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { allModels, type LocalModel, listAdapters, listEndpoints, updateOwnModels } from './store.ts';
import {
  type Adapter,
  adapterSchema,
  type CatalogueEntry,
  catalogueEntrySchema,
  type EmbedderConfig,
} from './types.ts';

export interface LocalModelRequest {
  readonly name: string;
  /** A `.gguf` or `.onnx` file, or a folder as Hugging Face lays it out. */
  readonly path: string;
  readonly kind: 'chat' | 'embedding' | 'reranker' | 'embedder-base';
  /** What the folder does not say, or says wrongly. */
  readonly embedder?: Partial<EmbedderConfig>;
  readonly contextTokens?: number;
  /** Of a model that was tuned here. */
  readonly tuned?: LocalModel['tuned'];
}

const ONNX_NAMES = ['model.onnx', 'onnx/model.onnx', 'model_quantized.onnx', 'onnx/model_quantized.onnx'];
const NAME = /^[a-z0-9][a-z0-9._-]*$/;

/**
 * Adds a model that lies on this disk (`models add NAME --path`). It stays where it is; its hashes are taken now, so
 * that other bytes later are noticed. Throws `exists`, `not-found`, `usage` (what the folder lacks).
 */
export async function addLocalModel(
  paths: WorkspacePaths,
  request: LocalModelRequest,
  signal?: AbortSignal,
): Promise<CatalogueEntry> {
  checkName(paths, request.name);
  const target = path.resolve(request.path);
  if (!existsSync(target)) throw new RagtuiError('not-found', `${target} does not exist.`);
  const folder = statSync(target).isDirectory() ? target : path.dirname(target);
  const found = filesFor(request.kind, target, folder);
  const files: LocalModel['files'] = [];
  for (const [name, file] of Object.entries(found)) {
    const { size, mtimeMs } = statSync(file);
    files.push({ name, path: file, bytes: size, mtimeMs, sha256: await hashFile(file, signal) });
  }
  const entry = entryFor(request, folder, found, files);
  await updateOwnModels(paths, (own) => {
    checkName(paths, request.name);
    return {
      ...own,
      models: [...own.models, { entry, folder, files, ...(request.tuned ? { tuned: request.tuned } : {}) }],
    };
  });
  return entry;
}

/** Adds a LoRA adapter that lies on this disk; it stays where it is. Throws `exists`, `usage`, `not-found`. */
export async function addAdapter(
  paths: WorkspacePaths,
  adapter: Omit<Adapter, 'sha256' | 'createdAt'>,
  signal?: AbortSignal,
): Promise<Adapter> {
  checkName(paths, adapter.name);
  const weights = path.join(adapter.path, 'adapter_model.safetensors');
  if (!existsSync(weights)) throw new RagtuiError('not-found', `${adapter.path} holds no adapter_model.safetensors.`);
  const whole = adapterSchema.parse({
    ...adapter,
    sha256: await hashFile(weights, signal),
    createdAt: new Date().toISOString(),
  });
  await updateOwnModels(paths, (own) => {
    checkName(paths, adapter.name);
    return { ...own, adapters: [...own.adapters, whole] };
  });
  return whole;
}

/** The names of models, adapters and endpoints are one list. Throws `exists`, `usage` (a name that cannot be one). */
export function checkName(paths: WorkspacePaths, name: string): void {
  if (!NAME.test(name)) {
    throw new RagtuiError(
      'usage',
      `"${name}" cannot be a model's name.`,
      'Use small letters, digits, ".", "_" and "-".',
    );
  }
  const taken =
    allModels(paths).some((entry) => entry.id === name) ||
    [...listEndpoints(paths), ...listAdapters(paths)].some((one) => one.name === name);
  if (taken)
    throw new RagtuiError(
      'exists',
      `There is a model "${name}" already.`,
      `Choose another name, or run "ragtui models remove ${name}".`,
    );
}

function filesFor(kind: LocalModelRequest['kind'], target: string, folder: string): Record<string, string> {
  if (kind === 'chat') return chatFiles(target);
  return kind === 'embedder-base' ? trainableFiles(target) : onnxFiles(target, folder);
}

/** What a training of an embedder starts from: a folder in Transformers' layout with its weights in one file. */
function trainableFiles(target: string): Record<string, string> {
  if (!statSync(target).isDirectory()) {
    throw new RagtuiError(
      'usage',
      `${target} is no folder.`,
      'Name the folder with config.json and model.safetensors.',
    );
  }
  const found = transformersFiles(target);
  for (const name of ['config.json', 'tokenizer_config.json', 'model.safetensors']) {
    if (name in found) continue;
    const hint = 'Save model and tokenizer there with save_pretrained (the weights in one file).';
    throw new RagtuiError('usage', `${target} holds no ${name}.`, hint);
  }
  return found;
}

/** A GGUF, or the files of a folder in Transformers' layout; both where both are there. */
function chatFiles(target: string): Record<string, string> {
  const isFolder = statSync(target).isDirectory();
  const file = isFolder ? path.join(target, 'model.gguf') : target;
  const gguf = existsSync(file) && readFileHead(file, 4) === 'GGUF' ? { 'model.gguf': file } : {};
  if (isFolder && existsSync(path.join(target, 'config.json'))) return { ...transformersFiles(target), ...gguf };
  if ('model.gguf' in gguf) return gguf;
  if (existsSync(path.join(target, 'adapter_config.json'))) {
    throw new RagtuiError('usage', `${target} is an adapter, not a model.`, 'Give --kind adapter.');
  }
  throw new RagtuiError(
    'usage',
    `${file} is no GGUF file, nor is it a folder in Transformers' layout.`,
    'Name the .gguf file of the model with --path, or the folder with its config.json and *.safetensors.',
  );
}

const TOKENIZER_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'model.safetensors.index.json',
];

function transformersFiles(folder: string): Record<string, string> {
  const names = readdirSync(folder);
  const weights = names.filter((name) => name.endsWith('.safetensors') && !name.startsWith('adapter_'));
  if (weights.length === 0) {
    const pickled = names.some((name) => /\.(bin|pth?)$/.test(name));
    throw new RagtuiError(
      'usage',
      `${folder} holds no *.safetensors${pickled ? ': its weights are pickled, and loading those runs code' : ''}.`,
      pickled ? 'Save it as safetensors first (save_pretrained does).' : 'Copy the weights of the model there.',
    );
  }
  if (!names.includes('tokenizer.json')) {
    throw new RagtuiError('usage', `${folder} holds no tokenizer.json.`, 'Copy it from the model it was made of.');
  }
  const found = [...TOKENIZER_FILES.filter((name) => names.includes(name)), ...weights.sort()];
  return Object.fromEntries(found.map((name) => [name, path.join(folder, name)]));
}

function onnxFiles(target: string, folder: string): Record<string, string> {
  const candidates = target === folder ? ONNX_NAMES.map((name) => path.join(folder, name)) : [target];
  const model = candidates.find((file) => existsSync(file));
  if (!model) {
    throw new RagtuiError(
      'usage',
      `${folder} holds no ONNX model (${ONNX_NAMES.join(', ')}).`,
      'Export the model to ONNX first.',
    );
  }
  const tokenizer = [folder, path.dirname(folder)]
    .map((one) => path.join(one, 'tokenizer.json'))
    .find((file) => existsSync(file));
  if (!tokenizer)
    throw new RagtuiError('usage', `${folder} holds no tokenizer.json.`, 'Copy it from the model that was tuned.');
  return { 'model.onnx': model, 'tokenizer.json': tokenizer };
}

function entryFor(
  request: LocalModelRequest,
  folder: string,
  found: Record<string, string>,
  files: LocalModel['files'],
): CatalogueEntry {
  const common = {
    id: request.name,
    title: request.name,
    languages: [],
    licence: 'your own',
    origin: folder,
    parameters: '',
    note: '',
    files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256, sources: [{ kind: 'folder', folder }] })),
  };
  if (request.kind === 'chat') {
    const contextTokens = request.contextTokens ?? describeFolder(folder).maxTokens ?? 4096;
    return catalogueEntrySchema.parse({ ...common, kind: 'chat', contextTokens });
  }
  const described = describeFolder(folder);
  const maxTokens = request.embedder?.maxTokens ?? described.maxTokens ?? 512;
  if (request.kind === 'reranker') return catalogueEntrySchema.parse({ ...common, kind: 'reranker', maxTokens });
  const dimension = request.embedder?.dimension ?? described.dimension;
  if (!dimension) {
    throw new RagtuiError(
      'usage',
      `${folder} does not say how long its vectors are.`,
      'Put the config.json of the model beside it.',
    );
  }
  const quantised = /quant|int8|uint8|-q\b|_q8/i.test(found['model.onnx'] ?? '');
  const embedder: EmbedderConfig = {
    pooling: described.pooling ?? 'cls',
    normalize: true,
    dtype: quantised ? 'int8' : 'f32',
    queryInstruction: '',
    passageInstruction: '',
    ...request.embedder,
    dimension,
    maxTokens,
  };
  return catalogueEntrySchema.parse({
    ...common,
    kind: request.kind === 'embedder-base' ? 'embedder-base' : 'embedder',
    embedder,
  });
}

const configSchema = z.looseObject({
  model_type: z.string().optional(),
  hidden_size: z.number().int().optional(),
  max_position_embeddings: z.number().int().optional(),
});
const limitSchema = z.looseObject({ max_seq_length: z.number().int().nullish() });
const poolingSchema = z.looseObject({
  pooling_mode_cls_token: z.boolean().default(false),
  pooling_mode_mean_tokens: z.boolean().default(false),
});

/** What a Hugging Face or sentence-transformers folder says of itself. */
function describeFolder(folder: string): {
  readonly dimension: number | undefined;
  readonly maxTokens: number | undefined;
  readonly pooling: 'cls' | 'mean' | undefined;
} {
  const config = readJson(path.join(folder, 'config.json'), configSchema);
  const limit = readJson(path.join(folder, 'sentence_bert_config.json'), limitSchema);
  const pooling = readJson(path.join(folder, '1_Pooling', 'config.json'), poolingSchema);
  return {
    dimension: config?.hidden_size,
    maxTokens: limit?.max_seq_length ?? positions(config),
    pooling: pooling?.pooling_mode_mean_tokens ? 'mean' : pooling?.pooling_mode_cls_token ? 'cls' : undefined,
  };
}

// RoBERTa and its kin count positions from 2.
const positions = (config: z.infer<typeof configSchema> | undefined): number | undefined => {
  const all = config?.max_position_embeddings;
  return all && /roberta/.test(config?.model_type ?? '') ? all - 2 : all;
};

function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new RagtuiError('usage', `${file} cannot be read.`, toRagtuiError(error).message, { cause: error });
  }
}

function readFileHead(file: string, bytes: number): string {
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(bytes);
    readSync(handle, head, 0, bytes, 0);
    return head.toString('latin1');
  } finally {
    closeSync(handle);
  }
}
