import { hash } from 'node:crypto';

/** Half of the slots stay empty, so that a look-up takes few steps. */
const FULLEST = 0.5;
const FIRST_SLOTS = 1 << 12;

/**
 * A set of texts by the first 64 bits of their sha256, in a typed array: 8 to 32 bytes for each, where a Set of strings
 * takes some 90. Two of a million texts share such a hash once in some 40 million data sets, so it is right for counting and
 * for finding candidates, not for proof.
 */
export class TextSet {
  private slots = new BigUint64Array(FIRST_SLOTS);
  private used = 0;

  get size(): number {
    return this.used;
  }

  /** Adds a text. Returns whether it is new. */
  add(text: string): boolean {
    if (!this.put(textHash(text))) return false;
    this.used++;
    if (this.used > this.slots.length * FULLEST) this.grow();
    return true;
  }

  has(text: string): boolean {
    const key = textHash(text);
    return this.slots[this.slotOf(key)] === key;
  }

  private put(key: bigint): boolean {
    const slot = this.slotOf(key);
    if (this.slots[slot] === key) return false;
    this.slots[slot] = key;
    return true;
  }

  /** Where the key stands, or the empty slot where it would. */
  private slotOf(key: bigint): number {
    const mask = this.slots.length - 1;
    let slot = Number(key & 0xffff_ffffn) & mask;
    for (let held = this.slots[slot]; held !== 0n && held !== key; held = this.slots[slot]) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new BigUint64Array(before.length * 2);
    for (const key of before) if (key !== 0n) this.put(key);
  }
}

/** The first 64 bits of a text's sha256, never 0: that marks an empty slot. */
export function textHash(text: string): bigint {
  const key = hash('sha256', text, 'buffer').readBigUInt64LE(0);
  return key === 0n ? 1n : key;
}
