import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { EmbedderProcess, EmbedderSource, ResolvedEmbedder } from './embedder-types.ts';
import { requestEmbeddings } from './embeddings-request.ts';
import { fingerprintOf, withInstruction } from './fingerprint.ts';
import { canaryFile } from './store.ts';
import type { EmbedderConfig, Endpoint } from './types.ts';

type EndpointSource = Extract<EmbedderSource, { kind: 'endpoint' }>;

/** Short, long, Chinese, English, code, numbers: what other weights, pooling or truncation would change. */
const CANARY_TEXTS = [
  'hello',
  '你好，世界',
  'What was the net revenue in the fiscal year 2023?',
  '范廷颂是什么时候被任为主教的？',
  'function add(a, b) { return a + b; }',
  '3.14159, 2.71828, 1.41421',
  'The quick brown fox jumps over the lazy dog. '.repeat(12),
  '检索增强生成把检索到的段落放进提示词，再让模型据此回答。'.repeat(6),
];
const SAME_COSINE = 0.9995;
const UNKNOWN_LIMIT = 8192;

const canarySchema = z.object({
  url: z.string(),
  model: z.string(),
  dimension: z.number().int().positive(),
  /** Base64 of little-endian f32, one unit vector per canary text. */
  vectors: z.array(z.string()).length(CANARY_TEXTS.length),
});
type Canary = z.infer<typeof canarySchema>;

/** Asks an endpoint for its dimension at the first use, and keeps its probe vectors. Throws `usage`, `unavailable`, `network`. */
export async function resolveHttpEmbedder(paths: WorkspacePaths, endpoint: Endpoint): Promise<ResolvedEmbedder> {
  if (endpoint.kind !== 'embedding')
    throw new RagtuiError('usage', `Endpoint "${endpoint.name}" is for chat, not for embedding.`);
  const file = canaryFile(paths, endpoint.name);
  const source: EndpointSource = { ...endpoint, kind: 'endpoint', canary: file };
  let canary = readCanary(file);
  if (!canary || canary.url !== endpoint.url || canary.model !== endpoint.model) {
    const probe = await embedCanaries(source);
    canary = { url: endpoint.url, model: endpoint.model, dimension: probe[0]?.length ?? 0, vectors: probe.map(encode) };
    writeJsonAtomic(file, canarySchema.parse(canary));
  }
  const config: EmbedderConfig = {
    pooling: 'none',
    normalize: true,
    maxTokens: UNKNOWN_LIMIT,
    dimension: canary.dimension,
    dtype: 'f32',
    queryInstruction: endpoint.queryInstruction ?? '',
    passageInstruction: '',
  };
  const fingerprint = fingerprintOf(config, {
    endpoint: endpoint.url,
    model: endpoint.model,
    probe: canary.vectors.join(),
  });
  return { id: endpoint.name, fingerprint, dimension: canary.dimension, config, source };
}

/** Checks that the server still gives the vectors of its first use, then embeds through it. Throws `invalid` if not. */
export async function startHttpEmbedder(resolved: ResolvedEmbedder, source: EndpointSource): Promise<EmbedderProcess> {
  const { config } = resolved;
  const canary = readCanary(source.canary);
  if (canary) compare(canary, await embedCanaries(source), source);
  return {
    resolved,
    pid: undefined,
    async embed(texts, options) {
      const inputs = texts.map((text) => withInstruction(config, text, options));
      const { vectors, tokens } = await requestEmbeddings(source, inputs, options.signal);
      vectors.forEach((vector, index) => {
        if (vector.length !== resolved.dimension) {
          throw new RagtuiError(
            'invalid',
            `${source.name} gave ${vector.length} numbers for text ${index + 1}, not ${resolved.dimension}.`,
          );
        }
      });
      return { vectors, tokens };
    },
    close: () => Promise.resolve(),
    onExit: () => () => {},
  };
}

async function embedCanaries(source: EndpointSource): Promise<Float32Array[]> {
  return (await requestEmbeddings(source, CANARY_TEXTS)).vectors;
}

function compare(canary: Canary, now: readonly Float32Array[], source: EndpointSource): void {
  const worst = canary.vectors
    .map((vector, index) => cosine(decode(vector), now[index] ?? new Float32Array()))
    .reduce((least, value) => Math.min(least, value), 1);
  if (worst >= SAME_COSINE) return;
  throw new RagtuiError(
    'invalid',
    `${source.name} gives other vectors than at its first use (cosine ${worst.toFixed(4)}): another model seems to answer at ${source.url}.`,
    'Add the new one under a name of its own and re-index with it, or bring the old model back.',
  );
}

/** Of unit vectors; 0 when their lengths differ. */
function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function readCanary(file: string): Canary | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return canarySchema.parse(JSON.parse(text));
  } catch (error) {
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be read: ${toRagtuiError(error).message}.`,
      'Delete it, then try again.',
    );
  }
}

const encode = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readFloatLE(index * 4));
}
