import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';

const MAX_HEADER_BYTES = 100 * 1024 * 1024;
const DTYPES = ['F32', 'F16', 'BF16'] as const;
const BYTES_OF = { F32: 4, F16: 2, BF16: 2 } as const;

const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});
const headerSchema = z.record(z.string(), z.unknown());

/** A tensor as it lies in the file; `values` are its numbers as 32-bit floats, row by row. */
export interface SafeTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A tensor of a file, its numbers not read yet. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Errors: `corrupt`, `unsupported`. */
  readonly read: () => Float32Array;
}

/**
 * Reads a `.safetensors` file whole, in the order of its header. F16 and BF16 become f32 without loss.
 * Errors: `corrupt`, `unsupported` (other numbers).
 */
export const readSafetensors = (file: string): SafeTensor[] =>
  openSafetensors(file).map(({ name, shape, read: values }) => ({ name, shape, values: values() }));

/**
 * The tensors of a `.safetensors` file, each read when it is asked for. Format: 8 bytes header length (little endian),
 * JSON header, data. Errors: `corrupt`, `unsupported` (other numbers).
 */
export function openSafetensors(file: string): StoredTensor[] {
  const fd = open(file);
  try {
    const { size } = fstatSync(fd);
    const { length, header } = readHeader(fd, file);
    return header.map(([name, { dtype, shape, data_offsets: offsets }]) => {
      const [start, end] = offsets;
      const known = DTYPES.find((one) => one === dtype);
      if (!known) {
        throw new RagtuiError('unsupported', `${file} holds ${dtype} numbers (${name}).`, 'Save it as float32.');
      }
      const count = shape.reduce((product, one) => product * one, 1);
      if (end - start !== count * BYTES_OF[known] || 8 + length + end > size) {
        throw damaged(file, `the tensor ${name} is not as long as its shape says`);
      }
      return { name, shape, read: () => toFloats(readAt(file, 8 + length + start, end - start), known) };
    });
  } finally {
    closeSync(fd);
  }
}

function readAt(file: string, position: number, length: number): Buffer {
  const fd = open(file);
  try {
    return read(fd, position, length);
  } finally {
    closeSync(fd);
  }
}

/** Names and shapes of a file's tensors; their numbers are not read. Errors: `corrupt`. */
export function safetensorsShapes(file: string): Map<string, readonly number[]> {
  const fd = open(file);
  try {
    return new Map(readHeader(fd, file).header.map(([name, { shape }]) => [name, shape]));
  } finally {
    closeSync(fd);
  }
}

function readHeader(fd: number, file: string): { length: number; header: [string, z.output<typeof tensorSchema>][] } {
  const { size } = fstatSync(fd);
  const length = size < 8 ? -1 : Number(read(fd, 0, 8).readBigUInt64LE());
  if (length < 2 || length > Math.min(MAX_HEADER_BYTES, size - 8)) throw damaged(file, 'its header is cut off');
  return { length, header: parseHeader(file, read(fd, 8, length).toString('utf8')) };
}

function parseHeader(file: string, text: string): [string, z.output<typeof tensorSchema>][] {
  try {
    const entries = Object.entries(headerSchema.parse(JSON.parse(text)));
    return entries.flatMap(([name, value]) =>
      name === '__metadata__' ? [] : [[name, tensorSchema.parse(value)] satisfies [string, unknown]],
    );
  } catch (error) {
    throw damaged(file, 'its header cannot be read', error);
  }
}

function toFloats(bytes: Buffer, dtype: (typeof DTYPES)[number]): Float32Array {
  const count = bytes.length / BYTES_OF[dtype];
  const values = new Float32Array(count);
  if (dtype === 'F32') {
    // By bytes, so that even the payload of a NaN stays what it is.
    new Uint8Array(values.buffer).set(bytes);
    return values;
  }
  const bits = new Uint32Array(values.buffer);
  for (let at = 0; at < count; at += 1) {
    const half = bytes.readUInt16LE(at * 2);
    bits[at] = dtype === 'BF16' ? half * 0x10000 : halfToFloatBits(half);
  }
  return values;
}

/** IEEE 754 binary16 → bits of the same number as binary32. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) * 0x10000;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign + 0x7f800000 + fraction * 0x2000;
  if (exponent > 0) return sign + (exponent + 112) * 0x800000 + fraction * 0x2000;
  if (fraction === 0) return sign;
  // Subnormal: shift until the hidden bit shows.
  const shift = Math.clz32(fraction) - 21;
  return sign + (113 - shift) * 0x800000 + ((fraction << shift) & 0x3ff) * 0x2000;
}

function open(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw toRagtuiError(error);
  }
}

function read(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return buffer;
}

const damaged = (file: string, why: string, cause?: unknown): RagtuiError =>
  new RagtuiError('corrupt', `${file} is damaged: ${why}.`, 'Copy it again from where it was made.', { cause });
