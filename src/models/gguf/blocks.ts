export const BLOCK = 32;
export const Q4_1_BYTES = 20;
const Q8_0_BYTES = 34;

/**
 * Q4_1 blocks (f16 scale, f16 minimum, 32 4-bit numbers; value = q·scale + minimum) to Q8_0 blocks (f16 scale, 32 int8;
 * value = q·scale), in single precision and with the rounding of ggml's reference code, so bytes come out the same.
 */
export function q4ToQ8(source: Buffer, elements: number): Buffer {
  const blocks = elements / BLOCK;
  const target = Buffer.alloc(blocks * Q8_0_BYTES);
  const values = new Float32Array(BLOCK);
  for (let block = 0; block < blocks; block += 1) {
    const from = block * Q4_1_BYTES;
    const scale = fromHalf(source.readUInt16LE(from));
    const minimum = fromHalf(source.readUInt16LE(from + 2));
    let largest = 0;
    for (let index = 0; index < BLOCK / 2; index += 1) {
      const pair = source[from + 4 + index] ?? 0;
      const low = Math.fround(Math.fround((pair & 15) * scale) + minimum);
      const high = Math.fround(Math.fround((pair >> 4) * scale) + minimum);
      values[index] = low;
      values[index + BLOCK / 2] = high;
      largest = Math.max(largest, Math.abs(low), Math.abs(high));
    }
    const step = Math.fround(largest / 127);
    const inverse = step === 0 ? 0 : Math.fround(1 / step);
    const to = block * Q8_0_BYTES;
    target.writeUInt16LE(toHalf(step), to);
    for (let index = 0; index < BLOCK; index += 1) {
      const value = Math.fround((values[index] ?? 0) * inverse);
      // Nearest whole number, halves away from zero.
      target[to + 2 + index] = value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
    }
  }
  return target;
}

/** The number an IEEE 754 binary16 stands for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The IEEE 754 binary16 nearest to a number of at least 0, halves to even. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  if (value >= 65520) return 0x7c00;
  const exponent = value < 2 ** -14 ? -14 : Math.floor(Math.log2(value));
  const steps = value / 2 ** (exponent - 10);
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // A carry out of the fraction runs into the exponent by itself.
  return value < 2 ** -14 ? rounded : ((exponent + 15) << 10) + rounded - 1024;
}
