/** Values summed by cluster (items that share a context are not independent of each other). */
export interface Clusters {
  readonly sums: Float64Array;
  readonly sizes: Float64Array;
  readonly n: number;
  readonly mean: number;
}

/** One value per item with the cluster it belongs to; clusters in order of appearance. */
export function clustersOf(values: readonly number[], ids: readonly string[]): Clusters {
  const index = new Map<string, number>();
  const sums: number[] = [];
  const sizes: number[] = [];
  values.forEach((value, item) => {
    const id = ids[item] ?? '';
    const at = index.get(id) ?? sums.length;
    index.set(id, at);
    sums[at] = (sums[at] ?? 0) + value;
    sizes[at] = (sizes[at] ?? 0) + 1;
  });
  const total = sums.reduce((sum, value) => sum + value, 0);
  return {
    sums: Float64Array.from(sums),
    sizes: Float64Array.from(sizes),
    n: values.length,
    mean: values.length === 0 ? 0 : total / values.length,
  };
}

/**
 * Standard error of the mean, robust to clusters: √(Σ (S_c − n_c·mean)²·G/(G−1)) / n with G clusters. NaN for one cluster.
 */
export function clusteredError({ sums, sizes, n, mean }: Clusters): number {
  const count = sums.length;
  if (count < 2) return Number.NaN;
  let squares = 0;
  for (let c = 0; c < count; c += 1) squares += ((sums[c] ?? 0) - (sizes[c] ?? 0) * mean) ** 2;
  return Math.sqrt((squares * count) / (count - 1)) / n;
}

/** By how much clustering makes the variance of the mean larger than that of independent items; 1 when it cannot be told. */
export function designEffect(values: readonly number[], clusters: Clusters): number {
  const { n, mean } = clusters;
  const error = clusteredError(clusters);
  const plain = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n;
  return Number.isFinite(error) && plain > 0 ? error ** 2 / plain : 1;
}
