/** A vector as the protocol carries it: base64 of little-endian f32. */
export const encodeVector = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');
