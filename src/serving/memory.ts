import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type GgufHeader, type GgufValue, readGgufHeader } from '../models/gguf/read.ts';
import { DEFAULT_PARALLEL, type ServeWork } from './types.ts';

const MEBIBYTE = 1024 * 1024;
/** Node, the engine's code, the vocabulary as JavaScript has it. Measured beside 94 MiB of weights: 273 to 320 MiB. */
const PROCESS_BYTES = 300 * MEBIBYTE;
/** Keys and values are kept as f16. */
const KV_BYTES = 2;
/** Tokens the engine reads at once: it has room for what follows from each. */
const BATCH_TOKENS = 128;
const FLOAT_BYTES = 4;
/** Intermediate results of one layer, in multiples of the widest of them. */
const LAYER_RESULTS = 4;
/** An adapter is kept as f32; peft writes f32 or 16 bits. */
const ADAPTER_GROWTH = 2;

/** What a model costs in memory, bytes. */
export interface ModelNeed {
  readonly weights: number;
  /** Keys and values of one token of context. */
  readonly kvPerToken: number;
  /** Results on the way, for each context. */
  readonly compute: number;
  readonly trainedContext: number;
}

/** Reads a GGUF file's header for what it will cost. Errors: those of `readGgufHeader`. */
export function modelNeed(file: string): ModelNeed {
  const { metadata, tensors } = readGgufHeader(file);
  const architecture = String(metadata.get('general.architecture') ?? '');
  const value = (name: string) => metadata.get(`${architecture}.${name}`);
  const layers = first(value('block_count')) ?? 0;
  const heads = first(value('attention.head_count')) ?? 0;
  const width = first(value('embedding_length')) ?? 0;
  const headWidth = heads > 0 ? width / heads : 0;
  const keyWidth = first(value('attention.key_length')) ?? headWidth;
  const valueWidth = first(value('attention.value_length')) ?? headWidth;
  const kvHeads = sumOverLayers(value('attention.head_count_kv') ?? heads, layers);
  const widest = first(value('feed_forward_length')) ?? width;
  return {
    weights: statSync(file).size,
    kvPerToken: kvHeads * (keyWidth + valueWidth) * KV_BYTES,
    compute: BATCH_TOKENS * (vocabularySize(tensors) + LAYER_RESULTS * Math.max(widest, width)) * FLOAT_BYTES,
    trainedContext: first(value('context_length')) ?? Number.POSITIVE_INFINITY,
  };
}

/** What an embedded server's memory goes to, bytes. */
export interface EmbeddedParts {
  readonly weights: number;
  /** Contexts of the base with what is on the way. */
  readonly context: number;
  readonly adapters: number;
  readonly process: number;
}

/** Memory an embedded server will take at most: weights, contexts, what is on the way, and the process itself. */
export function embeddedParts(
  file: string,
  { contextTokens, parallel = DEFAULT_PARALLEL, adapters }: Pick<ServeWork, 'contextTokens' | 'parallel' | 'adapters'>,
): EmbeddedParts {
  const need = modelNeed(file);
  // One context for several chats, on top of one context each for what runs alone.
  const chats = parallel > 1 ? contextNeed(need, contextTokens, parallel) : 0;
  return {
    weights: need.weights,
    context: contextNeed(need, contextTokens, 1) + chats,
    adapters: adapters.reduce((sum, adapter) => sum + adapterNeed(need, contextTokens, adapter.path), 0),
    process: PROCESS_BYTES,
  };
}

/** The sum of `embeddedParts`, bytes. */
export function embeddedNeed(file: string, work: Parameters<typeof embeddedParts>[1]): number {
  const { weights, context, adapters, process: own } = embeddedParts(file, work);
  return weights + context + adapters + own;
}

/** What one more adapter costs a server: a context of its own and its weights. Bytes. */
export function adapterNeed(need: ModelNeed, contextTokens: number, source: string): number {
  const file = [path.join(source, 'adapter_model.safetensors'), source].find((one) => existsSync(one));
  const weights = file ? statSync(file).size : 0;
  return contextNeed(need, contextTokens, 1) + weights * ADAPTER_GROWTH;
}

/** The most tokens of context with which a server for one answer at a time stays within `room` bytes; 0 = none. */
export function contextThatFits(file: string, room: number): number {
  const need = modelNeed(file);
  const tokens = (room - PROCESS_BYTES - need.weights - need.compute) / need.kvPerToken;
  return Math.max(0, Math.min(need.trainedContext, Math.floor(tokens / 256) * 256));
}

/** Bytes that may be had now: MemAvailable of Linux, and what a container is allowed at most; no limit where neither is known. */
export function availableMemory(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.min(limit, kilobytes('/proc/meminfo', 'MemAvailable') ?? Number.POSITIVE_INFINITY);
}

/** Bytes a process has for itself; weights that are mapped from their file are not among them. 0 where it is not known. */
export const anonymousMemory = (pid: number): number => kilobytes(`/proc/${pid}/status`, 'RssAnon') ?? 0;

export const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / MEBIBYTE)} MB`;

const contextNeed = ({ kvPerToken, compute, trainedContext }: ModelNeed, tokens: number, sequences: number): number =>
  kvPerToken * Math.min(tokens, trainedContext) * sequences + compute;

/** The number of a field, or of its first layer. */
function first(value: GgufValue | undefined): number | undefined {
  const one = typeof value === 'object' ? value[0] : value;
  return typeof one === 'number' || typeof one === 'bigint' ? Number(one) : undefined;
}

/** Some models have other numbers of heads in each layer. */
function sumOverLayers(value: GgufValue, layers: number): number {
  if (typeof value !== 'object') return (first(value) ?? 0) * layers;
  return value.reduce<number>((sum, one) => sum + Number(one), 0);
}

const vocabularySize = (tensors: GgufHeader['tensors']): number => tensors.get('token_embd.weight')?.dims[1] ?? 0;

/** Bytes of a line "Name: 12 kB". */
function kilobytes(file: string, name: string): number | undefined {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(file, 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  } catch {
    return undefined;
  }
}
