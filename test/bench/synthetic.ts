import { seeded } from './stats.ts';

export interface SyntheticOptions {
  readonly count: number;
  readonly seed: number;
  readonly dimension: number;
  readonly clusters?: number;
  readonly intrinsic?: number;
  /** Of a point around its cluster's centre, in units of the centres' own spread. */
  readonly noise?: number;
}

/** The space and its clusters are one and the same for every seed: points and queries come from one distribution. */
const SPACE_SEED = 64_048;

/**
 * Unit vectors that lie in clusters on a plane of low dimension, as text embeddings do (64 clusters, intrinsic dimension
 * 48): centres and offsets are Gaussian in the plane, a random basis carries them into `dimension`. One after another.
 */
export function syntheticVectors(options: SyntheticOptions): Float32Array {
  const { count, seed, dimension } = options;
  const draw = drawer(options);
  const random = seeded(seed);
  const offset = gaussian(random);
  const vectors = new Float32Array(count * dimension);
  for (let row = 0; row < count; row += 1) {
    draw(random, offset, vectors.subarray(row * dimension, (row + 1) * dimension));
  }
  return vectors;
}

/** The same kind of vectors, one for each seed, as often as it is asked for. */
export function syntheticMaker(dimension: number): (seed: number) => Float32Array {
  const draw = drawer({ dimension });
  return (seed) => {
    const random = seeded(seed);
    const vector = new Float32Array(dimension);
    draw(random, gaussian(random), vector);
    return vector;
  };
}

type Space = Pick<SyntheticOptions, 'dimension' | 'clusters' | 'intrinsic' | 'noise'>;

function drawer({ dimension, clusters = 64, intrinsic = 48, noise = 0.6 }: Space) {
  const space = gaussian(seeded(SPACE_SEED));
  const basis = Float32Array.from({ length: intrinsic * dimension }, space);
  const centres = Float32Array.from({ length: clusters * intrinsic }, space);
  const point = new Float32Array(intrinsic);
  return (random: () => number, offset: () => number, into: Float32Array): void => {
    const cluster = Math.floor(random() * clusters);
    for (let axis = 0; axis < intrinsic; axis += 1) {
      point[axis] = (centres[cluster * intrinsic + axis] ?? 0) + noise * offset();
    }
    carry(point, basis, into);
  };
}

function carry(point: Float32Array, basis: Float32Array, into: Float32Array): void {
  const dimension = into.length;
  for (const [axis, amount] of point.entries()) {
    const from = axis * dimension;
    for (let at = 0; at < dimension; at += 1) into[at] = (into[at] ?? 0) + amount * (basis[from + at] ?? 0);
  }
  let squares = 0;
  for (const value of into) squares += value * value;
  const scale = 1 / Math.sqrt(squares);
  for (let at = 0; at < dimension; at += 1) into[at] = (into[at] ?? 0) * scale;
}

/** Standard normal numbers (Box-Muller). */
function gaussian(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** Rows with the largest dot products, best first: the plainest exact search there is. */
export function exactTopK(vectors: Float32Array, query: Float32Array, k: number): number[] {
  const dimension = query.length;
  const rows = vectors.length / dimension;
  const best: { row: number; score: number }[] = [];
  let worst = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row += 1) {
    let score = 0;
    const from = row * dimension;
    for (let at = 0; at < dimension; at += 1) score += (query[at] ?? 0) * (vectors[from + at] ?? 0);
    if (best.length === k && score <= worst) continue;
    best.push({ row, score });
    best.sort((a, b) => b.score - a.score);
    if (best.length > k) best.pop();
    if (best.length === k) worst = best.at(-1)?.score ?? worst;
  }
  return best.map((entry) => entry.row);
}
