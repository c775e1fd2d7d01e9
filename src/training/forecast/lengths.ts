import type { Lengths } from './types.ts';

/** Tokens of one text once it is cut. */
export const cutTo = (length: number, most: number): number => Math.min(length, most);

/** Mean of the texts once they are cut. */
export function meanLength({ sample }: Lengths, most: number): number {
  return sample.length === 0 ? 0 : sample.reduce((sum, one) => sum + cutTo(one, most), 0) / sample.length;
}

/**
 * Mean of the longest of `count` texts drawn at random, to which a batch is filled up: the i-th of n in order is the
 * longest with chance (i/n)^count − ((i−1)/n)^count.
 */
export function meanLongest({ sample }: Lengths, most: number, count: number): number {
  const n = sample.length;
  let mean = 0;
  for (const [at, length] of sample.entries()) {
    mean += cutTo(length, most) * (((at + 1) / n) ** count - (at / n) ** count);
  }
  return mean;
}

/** Share of the texts that are longer than `most`. */
export function shareOver({ sample }: Lengths, most: number): number {
  return sample.length === 0 ? 0 : sample.filter((one) => one > most).length / sample.length;
}

/** The length that `share` of the texts do not exceed. */
export function percentile({ sample }: Lengths, share: number): number {
  return sample[Math.max(0, Math.ceil(share * sample.length) - 1)] ?? 0;
}

export const roundUp = (length: number, to: number): number => Math.ceil(length / to) * to;

export function lengthsOf(all: readonly number[], longest = 0): Lengths {
  const sample = [...all].sort((a, b) => a - b);
  return { sample, longest: Math.max(longest, sample.at(-1) ?? 0) };
}
