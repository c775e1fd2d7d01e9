/** Digits that bring a 32-bit number back bit for bit. */
const DIGITS = 9;

/** A vector as pgvector reads it: `[0.25,-1.5]`. */
export function vectorText(vector: Float32Array): string {
  const numbers: string[] = [];
  for (const value of vector) numbers.push(value.toPrecision(DIGITS));
  return `[${numbers.join(',')}]`;
}

/** A vector as pgvector writes it. */
export const parseVector = (text: string): Float32Array => Float32Array.from(text.slice(1, -1).split(','), Number);
