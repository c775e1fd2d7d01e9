import type { Metric } from './types.ts';

/** Cosine of the vectors of output and first answer by one fixed embedder, clamped to [0, 1]; 0 if a vector is zero. */
export function cosineMetric(embedder: string): Metric {
  return {
    name: `cosine@${embedder}`,
    kind: 'answer',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: false,
    blindTo: 'Its floor is high: even an answer to another question comes near; compare with the shuffled-answer row.',
    embedder,
    score: ({ output, vectors }) => {
      const pair = vectors?.[embedder];
      return output === null || !pair ? null : clampedCosine(pair.output, pair.answer);
    },
  };
}

/** Cosine in [0, 1]; 0 when a norm is 0. */
export function clampedCosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let normA = 0;
  let normB = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    dot += x * y;
    normA += x * x;
    normB += y * y;
  }
  if (normA === 0 || normB === 0) return 0;
  return Math.min(1, Math.max(0, dot / Math.sqrt(normA) / Math.sqrt(normB)));
}
