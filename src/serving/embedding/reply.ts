import type { Embedded } from '../../models/embedder-types.ts';
import type { EmbedderConfig } from '../../models/types.ts';
import { HttpError } from '../http/errors.ts';
import type { EmbeddingsRequest } from './requests.ts';

/** How long the vectors of an answer are. Throws `HttpError` 400 for a length the model was not trained for. */
export function lengthWanted(config: EmbedderConfig, { dimensions, model }: EmbeddingsRequest): number {
  const { dimension, matryoshka = [] } = config;
  if (dimensions === undefined || dimensions === null || dimensions === dimension) return dimension;
  if (matryoshka.includes(dimensions)) return dimensions;
  const lengths = [...matryoshka, dimension].join(', ');
  throw new HttpError(
    400,
    'invalid_request',
    matryoshka.length > 0
      ? `dimensions: ${model} has vectors of ${lengths} numbers, not of ${dimensions}`
      : `dimensions: ${model} was not trained for shorter vectors; a part of its ${dimension} numbers is no vector`,
  );
}

/**
 * The body of an answer, as OpenAI writes it. `ragtui.cut` has the positions of texts that were longer than the model
 * reads: their ends are not in their vectors.
 */
export function embeddingsReply(
  request: EmbeddingsRequest,
  { vectors, tokens, cut = [] }: Embedded,
  { length, normalize }: { readonly length: number; readonly normalize: boolean },
): unknown {
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const encode = request.encoding_format === 'base64' ? toBase64 : (vector: Float32Array) => [...vector];
  return {
    object: 'list',
    model: request.model,
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encode(shortened(vector, length, normalize)),
    })),
    usage: { prompt_tokens: total, total_tokens: total },
    ragtui: { cut },
  };
}

/** The first numbers, scaled to length 1 again where the model's vectors are. */
function shortened(vector: Float32Array, length: number, normalize: boolean): Float32Array {
  if (vector.length === length) return vector;
  const part = vector.slice(0, length);
  if (!normalize) return part;
  const norm = Math.sqrt(part.reduce((sum, value) => sum + value * value, 0));
  return norm > 0 ? part.map((value) => value / norm) : part;
}

/** Little-endian 32-bit floats, as OpenAI's clients expect them. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
