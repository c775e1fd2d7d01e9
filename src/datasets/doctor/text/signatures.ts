import { KeyTable } from './key-table.ts';
import { BANDS, BINS, type Signature } from './minhash.ts';

/** Of one bucket so many are looked at: those further back are like these. */
const CHAIN_LIMIT = 8;
/** Equal bins that make a pair worth reading: at a similarity of 0.8 some 32 are, and 99.9 % of pairs have 24. */
const WORTH_READING = 24;

/** Signatures of many texts: 80 bytes each. */
export class Signatures {
  count = 0;
  private bands = new Uint32Array(1024 * BANDS);
  private bytes = new Uint8Array(1024 * BINS);

  /** Texts without a signature (empty ones) keep their place and match nothing. */
  add(signature: Signature | undefined): void {
    if ((this.count + 1) * BANDS > this.bands.length) this.grow();
    if (signature) {
      this.bands.set(signature.bands, this.count * BANDS);
      this.bytes.set(signature.bytes, this.count * BINS);
    }
    this.count++;
  }

  private grow(): void {
    const bands = new Uint32Array(this.bands.length * 2);
    bands.set(this.bands);
    this.bands = bands;
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }

  /** Pairs that are probably alike, earlier one first; a pair may come several times. */
  *pairs(): Generator<readonly [number, number]> {
    const next = new Int32Array(this.count);
    for (let band = 0; band < BANDS; band++) {
      const last = new KeyTable(this.count);
      for (let id = 0; id < this.count; id++) {
        const key = this.bands[id * BANDS + band] ?? 0;
        if (key === 0) continue;
        let other = last.get(key);
        next[id] = other;
        for (let seen = 0; other >= 0 && seen < CHAIN_LIMIT; seen++) {
          if (this.equalBins(other, id) >= WORTH_READING) yield [other, id];
          other = next[other] ?? -1;
        }
        last.set(key, id);
      }
    }
  }

  private equalBins(a: number, b: number): number {
    let equal = 0;
    for (let bin = 0; bin < BINS; bin++) if (this.bytes[a * BINS + bin] === this.bytes[b * BINS + bin]) equal++;
    return equal;
  }
}
