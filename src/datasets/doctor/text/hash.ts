// A 53-bit hash of a text as a number. Two different texts of a million share one with a chance below 1 in 10,000.
// Method: two multiplicative hashes mixed at the end (after bryc's public-domain cyrb53).

import { foldEach } from './fold.ts';

const TWO_32 = 0x1_0000_0000;

/** Hash of a text to the character. */
export function hashText(text: string, seed = 0): number {
  const hash = new Hash53(seed);
  for (let at = 0; at < text.length; at++) hash.add(text.charCodeAt(at));
  return hash.value();
}

/** Hash of a text as a reader sees it (`fold`); 0 when nothing of it counts. */
export function hashFolded(text: string, seed = 0): number {
  const hash = new Hash53(seed);
  let any = false;
  foldEach(text, (unit) => {
    any = true;
    hash.add(unit);
  });
  return any ? hash.value() : 0;
}

/** One hash of several; their order counts. */
export function hashAll(parts: readonly number[]): number {
  const hash = new Hash53(parts.length);
  for (const part of parts) {
    hash.add((part % TWO_32) | 0);
    hash.add((part / TWO_32) | 0);
  }
  return hash.value();
}

class Hash53 {
  private low: number;
  private high: number;

  constructor(seed: number) {
    this.low = 0xdeadbeef ^ seed;
    this.high = 0x41c6ce57 ^ seed;
  }

  add(unit: number): void {
    this.low = Math.imul(this.low ^ unit, 2654435761);
    this.high = Math.imul(this.high ^ unit, 1597334677);
  }

  value(): number {
    let { low, high } = this;
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    return TWO_32 * (high & 0x1fffff) + (low >>> 0);
  }
}

/** Spreads 32 bits over 32 bits (the finaliser of MurmurHash3). */
export function mix32(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
