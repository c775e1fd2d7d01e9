const SMALLEST = 1024;
const ABSENT = -1;

/** Whole numbers by 53-bit keys, in flat arrays: 12 bytes a place, and half of the places are free. */
export class KeyTable {
  private keys: Float64Array;
  private values: Int32Array;
  private used = 0;

  constructor(expected = SMALLEST) {
    const places = placesFor(expected);
    this.keys = new Float64Array(places);
    this.values = new Int32Array(places).fill(ABSENT);
  }

  /** What was kept first under this key; -1 when this is the first, which is kept now. */
  firstOrKeep(key: number, value: number): number {
    const place = this.placeOf(key);
    const found = this.values[place] ?? ABSENT;
    if (found !== ABSENT) return found;
    this.keys[place] = key;
    this.values[place] = value;
    this.used++;
    if (this.used * 2 > this.keys.length) this.grow();
    return ABSENT;
  }

  /** What is kept under this key, or -1. */
  get(key: number): number {
    return this.values[this.placeOf(key)] ?? ABSENT;
  }

  /** Keeps a value, whether or not there was one. */
  set(key: number, value: number): void {
    if (this.firstOrKeep(key, value) !== ABSENT) this.values[this.placeOf(key)] = value;
  }

  private placeOf(key: number): number {
    const mask = this.keys.length - 1;
    let place = (key ^ Math.floor(key / 0x1_0000_0000)) & mask;
    while ((this.values[place] ?? ABSENT) !== ABSENT && this.keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Float64Array(keys.length * 2);
    this.values = new Int32Array(keys.length * 2).fill(ABSENT);
    for (let at = 0; at < keys.length; at++) {
      const value = values[at] ?? ABSENT;
      if (value === ABSENT) continue;
      const place = this.placeOf(keys[at] ?? 0);
      this.keys[place] = keys[at] ?? 0;
      this.values[place] = value;
    }
  }
}

function placesFor(expected: number): number {
  let places = SMALLEST;
  while (places < expected * 2) places *= 2;
  return places;
}

/** A list of numbers in one typed array that grows. */
export class Numbers {
  length = 0;

  constructor(private held: Float64Array | Int32Array | Uint32Array) {}

  push(value: number): void {
    if (this.length === this.held.length) this.grow();
    this.held[this.length++] = value;
  }

  at(index: number): number {
    return this.held[index] ?? 0;
  }

  private grow(): void {
    const { held } = this;
    const size = Math.max(SMALLEST, held.length * 2);
    const larger =
      held instanceof Float64Array
        ? new Float64Array(size)
        : held instanceof Int32Array
          ? new Int32Array(size)
          : new Uint32Array(size);
    larger.set(held);
    this.held = larger;
  }
}
