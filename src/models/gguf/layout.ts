import { RagtuiError } from '../../platform/errors.ts';

/** Numbers of ggml's tensor types that we know by name. */
export const TENSOR_TYPE = { f32: 0, f16: 1, q4_1: 3, q8_0: 8 } as const;

export interface GgufTensor {
  readonly name: string;
  readonly type: number;
  /** Numbers in it. */
  readonly elements: number;
  /** From the start of the data. */
  readonly offset: number;
  readonly bytes: number;
  /** Where type and offset stand in the header: both can be overwritten in place. */
  readonly typeAt: number;
  readonly offsetAt: number;
}

export interface GgufLayout {
  readonly alignment: number;
  /** Where the tensors' data begins. */
  readonly dataStart: number;
  /** Where the value of `general.file_type` (u32) stands; undefined when the file does not say. */
  readonly fileTypeAt: number | undefined;
  readonly tensors: readonly GgufTensor[];
}

// Bytes of the scalar value types, by their number; 8 is a string, 9 an array.
const SCALAR_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const STRING = 8;
const ARRAY = 9;
const UINT32 = 4;

/**
 * Where everything stands in a GGUF file (versions 2 and 3, little-endian). `head` is its beginning, at least up to the
 * data; `fileBytes` its whole size. Throws `corrupt`. Format: ggml's `docs/gguf.md`.
 */
export function readLayout(head: Buffer, fileBytes: number): GgufLayout {
  try {
    return layoutOf(head, fileBytes);
  } catch (error) {
    if (error instanceof RagtuiError) throw error;
    throw new RagtuiError('corrupt', 'The GGUF file is cut off or damaged.', 'Remove the model and pull it again.', {
      cause: error,
    });
  }
}

function layoutOf(head: Buffer, fileBytes: number): GgufLayout {
  const version = head.readUInt32LE(4);
  if (head.toString('latin1', 0, 4) !== 'GGUF' || version < 2 || version > 3) {
    throw new RagtuiError('corrupt', 'The file is no GGUF of version 2 or 3.');
  }
  let at = 8;
  const u32 = (): number => {
    const value = head.readUInt32LE(at);
    at += 4;
    return value;
  };
  const u64 = (): number => {
    const value = Number(head.readBigUInt64LE(at));
    at += 8;
    return value;
  };
  const string = (): string => {
    const length = u64();
    at += length;
    return head.toString('utf8', at - length, at);
  };
  const skip = (type: number): void => {
    if (type === STRING) {
      string();
    } else if (type === ARRAY) {
      const inner = u32();
      const count = u64();
      if (inner === STRING || inner === ARRAY) for (let index = 0; index < count; index += 1) skip(inner);
      else at += count * scalarBytes(inner);
    } else at += scalarBytes(type);
  };

  const tensorCount = u64();
  const valueCount = u64();
  let alignment = 32;
  let fileTypeAt: number | undefined;
  for (let index = 0; index < valueCount; index += 1) {
    const key = string();
    const type = u32();
    if (key === 'general.alignment' && type === UINT32) alignment = head.readUInt32LE(at);
    if (key === 'general.file_type' && type === UINT32) fileTypeAt = at;
    skip(type);
  }
  const bare = Array.from({ length: tensorCount }, () => {
    const name = string();
    const dimensions = Array.from({ length: u32() }, u64);
    const typeAt = at;
    const type = u32();
    const offsetAt = at;
    return { name, elements: dimensions.reduce((all, size) => all * size, 1), type, typeAt, offsetAt, offset: u64() };
  });
  const dataStart = align(at, alignment);
  const ends = bare.map((tensor) => tensor.offset).sort((a, b) => a - b);
  const tensors = bare.map((tensor) => {
    const next = ends.find((end) => end > tensor.offset) ?? fileBytes - dataStart;
    return { ...tensor, bytes: next - tensor.offset };
  });
  return { alignment, dataStart, fileTypeAt, tensors };
}

function scalarBytes(type: number): number {
  const bytes = SCALAR_BYTES[type];
  if (bytes === undefined) throw new RagtuiError('corrupt', `The GGUF file has a value of the unknown type ${type}.`);
  return bytes;
}

export const align = (position: number, alignment: number): number => Math.ceil(position / alignment) * alignment;
