import * as ort from 'onnxruntime-node';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { LoadRequest } from './embedder-protocol.ts';
import { loadTokenizer, type TextTokenizer, truncate } from './tokenizer.ts';
import type { EmbedderConfig } from './types.ts';

/** Native: only for `workers/embedder.ts`. `run()` blocks its thread, and a bad model may end the process. */
export interface EmbedderRuntime {
  /** `vectors` holds one vector after another in the order of `texts`. `cancelled` is asked between runs. */
  embed(
    texts: readonly string[],
    cancelled: () => boolean,
  ): Promise<{ vectors: Float32Array<ArrayBuffer>; tokens: number[]; cut: number[] }>;
  close(): Promise<void>;
}
export interface RerankerRuntime {
  rerank(query: string, texts: readonly string[], cancelled: () => boolean): Promise<number[]>;
  close(): Promise<void>;
}

type EmbedderLoad = Extract<LoadRequest, { role: 'embedder' }>;
type RerankerLoad = Extract<LoadRequest, { role: 'reranker' }>;

/** Short texts share a run for the matrix kernels; a long one alone keeps the CPU's cache (measured: 8 % faster than four together). */
const BATCH_TEXTS = 8;
const BATCH_TOKENS = 256;

interface Row {
  readonly index: number;
  readonly ids: readonly number[];
  readonly types?: readonly number[];
}

/** Loads an embedder and runs one word through it: a model of another shape is refused here, not in the middle of an ingest. */
export async function loadEmbedder(load: EmbedderLoad): Promise<EmbedderRuntime> {
  const { config } = load;
  const tokenizer = await loadTokenizer(load.tokenizer);
  const session = await openSession(load.model, load.threads);
  const runtime: EmbedderRuntime = {
    async embed(texts, cancelled) {
      const cut: number[] = [];
      const rows = texts.map((text, index) => {
        const ids = tokenizer.encode(text);
        if (ids.length > config.maxTokens) cut.push(index);
        return { index, ids: truncate(ids, config.maxTokens) };
      });
      const vectors = new Float32Array(texts.length * config.dimension);
      for (const batch of batches(rows, config.dtype)) {
        if (cancelled()) throw new RagtuiError('cancelled', 'Cancelled.');
        const hidden = await run(session, batch, tokenizer);
        batch.forEach((row, position) => {
          const vector = pool(hidden, position, row.ids.length, config);
          vectors.set(finish(vector, config.normalize, row.index), row.index * config.dimension);
        });
      }
      return { vectors, tokens: rows.map((row) => row.ids.length), cut };
    },
    close: () => session.release(),
  };
  await runtime.embed(['1'], () => false);
  return runtime;
}

/** A cross-encoder: one score per pair, always run alone, so that a score never depends on the other texts. */
export async function loadReranker(load: RerankerLoad): Promise<RerankerRuntime> {
  const tokenizer = await loadTokenizer(load.tokenizer);
  const session = await openSession(load.model, load.threads);
  const runtime: RerankerRuntime = {
    async rerank(query, texts, cancelled) {
      const question = shorten(query, Math.floor(load.maxTokens / 2), tokenizer);
      const scores: number[] = [];
      for (const text of texts) {
        if (cancelled()) throw new RagtuiError('cancelled', 'Cancelled.');
        const pair = tokenizer.encodePair(question, text);
        const row: Row = {
          index: 0,
          ids: truncate(pair.ids, load.maxTokens),
          types: truncate(pair.types, load.maxTokens),
        };
        const output = await run(session, [row], tokenizer);
        scores.push(relevance(output));
      }
      return scores;
    },
    close: () => session.release(),
  };
  await runtime.rerank('1', ['1'], () => false);
  return runtime;
}

async function openSession(model: string, threads: number): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      enableCpuMemArena: true,
      enableMemPattern: true,
      logSeverityLevel: 3,
      // Spinning threads cost twice the CPU time of small runs and slow everybody else down.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (error) {
    const why = toRagtuiError(error).message;
    throw new RagtuiError(
      'corrupt',
      `${model} is not a usable ONNX model: ${why}.`,
      'Remove the model and pull it again.',
    );
  }
}

/**
 * int8 one by one: its activations are quantised per tensor, so batch-mates would change a text's vector.
 * f32 in small batches of similar length, so that little is padded.
 */
function batches(rows: readonly Row[], dtype: EmbedderConfig['dtype']): Row[][] {
  if (dtype === 'int8') return rows.map((row) => [row]);
  const sorted = [...rows].sort((a, b) => a.ids.length - b.ids.length);
  const result: Row[][] = [];
  let batch: Row[] = [];
  for (const row of sorted) {
    if (batch.length === BATCH_TEXTS || (batch.length + 1) * row.ids.length > BATCH_TOKENS) {
      if (batch.length > 0) result.push(batch);
      batch = [];
    }
    batch.push(row);
  }
  if (batch.length > 0) result.push(batch);
  return result;
}

interface Output {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

async function run(session: ort.InferenceSession, batch: readonly Row[], tokenizer: TextTokenizer): Promise<Output> {
  const width = batch.reduce((most, row) => Math.max(most, row.ids.length), 0);
  const shape = [batch.length, width];
  const ids = new BigInt64Array(batch.length * width).fill(BigInt(tokenizer.padId));
  const mask = new BigInt64Array(batch.length * width);
  const types = new BigInt64Array(batch.length * width);
  batch.forEach((row, position) => {
    row.ids.forEach((id, column) => {
      ids[position * width + column] = BigInt(id);
      mask[position * width + column] = 1n;
      types[position * width + column] = BigInt(row.types?.[column] ?? 0);
    });
  });
  const all: Record<string, BigInt64Array> = { input_ids: ids, attention_mask: mask, token_type_ids: types };
  const feeds: Record<string, ort.Tensor> = {};
  for (const name of session.inputNames) {
    const values = all[name];
    if (!values) throw new RagtuiError('corrupt', `The model asks for an input "${name}" that we do not know.`);
    feeds[name] = new ort.Tensor('int64', values, shape);
  }
  const name = session.outputNames[0] ?? '';
  const output = (await session.run(feeds, [name]))[name];
  if (!output || !(output.data instanceof Float32Array)) {
    throw new RagtuiError('corrupt', `The model's output "${name}" is not made of 32-bit floats.`);
  }
  return { data: output.data, dims: output.dims };
}

/** One vector from hidden states [batch, tokens, dimension] (CLS or mean of real tokens), or from [batch, dimension]. */
function pool(output: Output, position: number, tokens: number, config: EmbedderConfig): Float32Array {
  const width = config.pooling === 'none' ? 1 : (output.dims[1] ?? 0);
  const dimension = output.dims.at(-1);
  if (dimension !== config.dimension || output.dims.length !== (config.pooling === 'none' ? 2 : 3)) {
    throw new RagtuiError(
      'corrupt',
      `The model gives [${output.dims.join(', ')}], not ${config.pooling} vectors of ${config.dimension} numbers.`,
      'Check its pooling and dimension.',
    );
  }
  const start = position * width * dimension;
  const first = output.data.slice(start, start + dimension);
  if (config.pooling !== 'mean') return first;
  for (let token = 1; token < tokens; token += 1) {
    const at = start + token * dimension;
    for (let column = 0; column < dimension; column += 1) {
      first[column] = (first[column] ?? 0) + (output.data[at + column] ?? 0);
    }
  }
  return first.map((sum) => sum / tokens);
}

/** Refuses what is no direction (NaN, infinite, zero), and scales to length 1 if asked. */
function finish(vector: Float32Array, normalize: boolean, index: number): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm < 1e-12) {
    throw new RagtuiError('invalid', `The model gave no usable vector for text ${index + 1} (length ${norm}).`);
  }
  return normalize ? vector.map((value) => value / norm) : vector;
}

/** One logit → sigmoid; two (no, yes) → softmax of the second. */
function relevance(output: Output): number {
  const [first, second] = output.data;
  const logit = second === undefined || first === undefined ? first : second - first;
  if (logit === undefined || output.data.length > 2 || !Number.isFinite(logit)) {
    throw new RagtuiError('invalid', `The reranker gave no usable score ([${output.dims.join(', ')}]).`);
  }
  return 1 / (1 + Math.exp(-logit));
}

function shorten(text: string, maxTokens: number, tokenizer: TextTokenizer): string {
  let short = text;
  for (let count = tokenizer.count(short); count > maxTokens; count = tokenizer.count(short)) {
    short = short.slice(0, Math.min(short.length - 1, Math.floor((short.length * maxTokens) / count)));
  }
  return short;
}
