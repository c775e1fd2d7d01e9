/**
 * The part of numpy's `default_rng(seed)` that the tutorial's split hangs on: SeedSequence, PCG64 (XSL-RR 128/64) and
 * the shuffle by masked rejection. Sources: M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically
 * Good Algorithms for Random Number Generation" (2014) and "Developing a seed_seq Alternative" (2015); numpy's
 * documentation of SeedSequence and PCG64. Proven against numpy's own output in the tests.
 */

const MASK_32 = 0xffffffffn;
const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;

const POOL_WORDS = 4;
const HASH_A = { first: 0x43b0d7e5, multiplier: 0x931e8875 };
const HASH_B = { first: 0x8b51f9dd, multiplier: 0x58f38ded };
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;
const PCG_MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** `n` 64-bit words of `SeedSequence(seed).generate_state(n, uint64)`. `seed` is any whole number from 0. */
export function seedSequenceState(seed: bigint, n: number): bigint[] {
  const pool = seedPool(wordsOf(seed));
  const hash = hasher(HASH_B);
  const words = Array.from({ length: 2 * n }, (_, at) => BigInt(hash(pool[at % POOL_WORDS] ?? 0)));
  return Array.from({ length: n }, (_, at) => (words[2 * at] ?? 0n) | ((words[2 * at + 1] ?? 0n) << 32n));
}

/** 32-bit words, lowest first; zero is one word. */
function wordsOf(seed: bigint): number[] {
  const words: number[] = [];
  for (let rest = seed; rest > 0n; rest >>= 32n) words.push(Number(rest & MASK_32));
  return words.length === 0 ? [0] : words;
}

function seedPool(entropy: readonly number[]): number[] {
  const hash = hasher(HASH_A);
  const pool = Array.from({ length: POOL_WORDS }, (_, at) => hash(entropy[at] ?? 0));
  for (let from = 0; from < POOL_WORDS; from++) {
    for (let to = 0; to < POOL_WORDS; to++) {
      if (from !== to) pool[to] = mix(pool[to] ?? 0, hash(pool[from] ?? 0));
    }
  }
  for (const word of entropy.slice(POOL_WORDS)) {
    for (let to = 0; to < POOL_WORDS; to++) pool[to] = mix(pool[to] ?? 0, hash(word));
  }
  return pool;
}

/** A hash of 32-bit words whose constant moves on with every call. */
function hasher({ first, multiplier }: { first: number; multiplier: number }): (word: number) => number {
  let constant = first;
  return (word) => {
    const mixed = (word ^ constant) >>> 0;
    constant = Math.imul(constant, multiplier) >>> 0;
    const product = Math.imul(mixed, constant) >>> 0;
    return (product ^ (product >>> 16)) >>> 0;
  };
}

function mix(x: number, y: number): number {
  const result = (Math.imul(x, MIX_LEFT) - Math.imul(y, MIX_RIGHT)) >>> 0;
  return (result ^ (result >>> 16)) >>> 0;
}

/** `numpy.random.default_rng(seed)`. */
export class NumpyRng {
  private state: bigint;
  private readonly increment: bigint;
  /** The high half of a 64-bit draw whose low half was given out. */
  private half: number | undefined;

  constructor(seed: number | bigint) {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = seedSequenceState(BigInt(seed), 4);
    this.increment = ((((c << 64n) | d) << 1n) | 1n) & MASK_128;
    this.state = (this.increment + ((a << 64n) | b)) & MASK_128;
    this.step();
  }

  private step(): void {
    this.state = (this.state * PCG_MULTIPLIER + this.increment) & MASK_128;
  }

  /** 64 random bits. */
  uint64(): bigint {
    this.step();
    const folded = ((this.state >> 64n) ^ this.state) & MASK_64;
    const turn = this.state >> 122n;
    return ((folded >> turn) | (folded << (64n - turn))) & MASK_64;
  }

  /** 32 random bits: the low half of a draw first, then its high half. */
  uint32(): number {
    if (this.half !== undefined) {
      const kept = this.half;
      this.half = undefined;
      return kept;
    }
    const draw = this.uint64();
    this.half = Number(draw >> 32n);
    return Number(draw & MASK_32);
  }

  /** A whole number from 0 to `max` (below 2^32), by masked rejection. */
  upTo(max: number): number {
    if (max <= 0) return 0;
    const mask = 2 ** (32 - Math.clz32(max)) - 1;
    for (;;) {
      const value = (this.uint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /** `permutation(n)`: the numbers from 0 to n − 1, shuffled from the end. */
  permutation(n: number): number[] {
    const numbers = Array.from({ length: n }, (_, at) => at);
    for (let at = n - 1; at > 0; at--) {
      const other = this.upTo(at);
      const held = numbers[at] ?? 0;
      numbers[at] = numbers[other] ?? 0;
      numbers[other] = held;
    }
    return numbers;
  }
}
