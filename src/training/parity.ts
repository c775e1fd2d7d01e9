import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { startEmbedder } from '../models/embedder-client.ts';
import type { EmbedderConfig } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';

/** Below this the exported model is not the trained one. */
export const PARITY_COSINE = 0.9999;

const referenceSchema = z.object({
  texts: z.array(z.string()).min(1),
  vectors: z.array(z.array(z.number())).min(1),
});

export interface Parity {
  readonly texts: number;
  /** The worst and the mean cosine between torch's vector and ours. */
  readonly min: number;
  readonly mean: number;
}

/** Cosine of two vectors of any length; 0 when one has none. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at += 1) {
    const [x, y] = [a[at] ?? 0, b[at] ?? 0];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}

/**
 * Embeds the texts of `reference.json` with our own runtime and compares with the vectors that torch computed.
 * Throws `corrupt` when one differs by more than rounding.
 */
export async function checkParity(folder: string, config: EmbedderConfig, signal?: AbortSignal): Promise<Parity> {
  const { text, ...parity } = await measureParity(folder, config, path.join(folder, 'reference.json'), signal);
  if (parity.min >= PARITY_COSINE) return parity;
  throw new RagtuiError(
    'corrupt',
    `The exported model is not the trained one: cosine ${parity.min.toFixed(6)} on the worst of ${parity.texts} texts (at least ${PARITY_COSINE}): ${JSON.stringify(text.slice(0, 60))}.`,
    'Nothing was registered. Install the engine again, and tell us the versions of "ragtui engines check flagembedding".',
  );
}

/** How near the vectors of a folder's model are to those of a reference file; `text` is the one that differs most. */
export async function measureParity(
  folder: string,
  config: EmbedderConfig,
  reference: string,
  signal?: AbortSignal,
): Promise<Parity & { readonly text: string }> {
  const { texts, vectors } = referenceSchema.parse(JSON.parse(readFileSync(reference, 'utf8')));
  const at = (name: string) => path.join(folder, name);
  const embedder = await startEmbedder({
    id: path.basename(folder),
    fingerprint: '',
    dimension: config.dimension,
    config,
    source: { kind: 'folder', folder, model: at('model.onnx'), tokenizer: at('tokenizer.json') },
  });
  try {
    // The reference has no instruction either.
    const ours = await embedder.embed(texts, { kind: 'query', instruction: false, ...(signal ? { signal } : {}) });
    const cosines = texts.map((_, index) => cosine(ours.vectors[index] ?? [], vectors[index] ?? []));
    const min = Math.min(...cosines);
    return {
      texts: texts.length,
      min,
      mean: cosines.reduce((sum, one) => sum + one, 0) / cosines.length,
      text: texts[cosines.indexOf(min)] ?? '',
    };
  } finally {
    await embedder.close();
  }
}
