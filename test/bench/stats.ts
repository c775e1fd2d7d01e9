export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which share `q` (0 to 1) of `values` lies; linear between two of them. NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: quantile(values, 0), max: quantile(values, 1) };
}

/** Median of `ours[i] / theirs[i]`: the two of one round stood side by side, so a slow moment hits both. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

export type Sides<K extends string> = Readonly<Record<K, () => Promise<number>>>;

/**
 * Measures all sides in every round, each round starting with another one, so that drift of the machine and what one
 * side leaves in the caches favour nobody.
 */
export async function interleave<K extends string>(sides: Sides<K>, rounds: number): Promise<Record<K, number[]>> {
  const names = Object.keys(sides).filter((name): name is K => Object.hasOwn(sides, name));
  const results = mapKeys(names, (): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < names.length; at += 1) {
      const name = names[(at + round) % names.length];
      if (name !== undefined) results[name].push(await sides[name]());
    }
  }
  return results;
}

function mapKeys<K extends string, V>(keys: readonly K[], make: () => V): Record<K, V> {
  const record: Partial<Record<K, V>> = {};
  for (const key of keys) record[key] = make();
  const isWhole = (value: Partial<Record<K, V>>): value is Record<K, V> => keys.every((key) => key in value);
  if (!isWhole(record)) throw new Error('a side is missing');
  return record;
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
