import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { toRagtuiError } from '../../platform/errors.ts';
import { syncPath } from '../../platform/files.ts';

const VERSION = 3;
const ALIGNMENT = 32;
const TYPE_F32 = 0;

/** A value of the metadata; numbers are 32-bit floats. */
export type GgufField = { readonly key: string } & ({ readonly text: string } | { readonly float: number });

export interface GgufTensor {
  readonly name: string;
  /** Rows first, as NumPy says it; the file has them reversed. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Writes a GGUF file (version 3) of f32 tensors: whole or not at all, mode 0600. */
export function writeGguf(file: string, fields: readonly GgufField[], tensors: readonly GgufTensor[]): void {
  writeWhole(file, parts(fields, tensors));
}

/** A tensor whose bytes are made when it is its turn. */
export interface GgufPart {
  readonly name: string;
  /** As the file has them: columns first. */
  readonly dims: readonly number[];
  /** The format's number of what the bytes are. */
  readonly type: number;
  readonly bytes: number;
  readonly data: () => Uint8Array;
}

/** Writes a GGUF file (version 3) with metadata as it stands in another one: whole or not at all, mode 0600. */
export function writeGgufParts(
  file: string,
  metadata: { readonly count: number; readonly raw: Buffer },
  tensors: readonly GgufPart[],
): void {
  writeWhole(file, rawParts(metadata, tensors));
}

function* rawParts(
  metadata: { readonly count: number; readonly raw: Buffer },
  tensors: readonly GgufPart[],
): Generator<Uint8Array> {
  const header = [Buffer.from('GGUF'), u32(VERSION), u64(tensors.length), u64(metadata.count), metadata.raw];
  let offset = 0;
  for (const { name, dims, type, bytes } of tensors) {
    header.push(text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset));
    offset += padded(bytes);
  }
  const head = Buffer.concat(header);
  yield head;
  yield Buffer.alloc(padded(head.length) - head.length);
  for (const { data, bytes } of tensors) {
    yield data();
    yield Buffer.alloc(padded(bytes) - bytes);
  }
}

function writeWhole(file: string, all: Iterable<Uint8Array>): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      for (const part of all) writeAll(fd, part);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
    syncPath(path.dirname(path.resolve(file)));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw toRagtuiError(error);
  }
}

function* parts(fields: readonly GgufField[], tensors: readonly GgufTensor[]): Generator<Uint8Array> {
  const header = [Buffer.from('GGUF'), u32(VERSION), u64(tensors.length), u64(fields.length), ...fields.flatMap(field)];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    header.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(TYPE_F32), u64(offset));
    offset += padded(values.byteLength);
  }
  const head = Buffer.concat(header);
  yield head;
  yield Buffer.alloc(padded(head.length) - head.length);
  for (const { values } of tensors) {
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    yield Buffer.alloc(padded(values.byteLength) - values.byteLength);
  }
}

const field = (one: GgufField): Buffer[] =>
  'text' in one ? [text(one.key), u32(8), text(one.text)] : [text(one.key), u32(6), f32(one.float)];
const padded = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function f32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
}
