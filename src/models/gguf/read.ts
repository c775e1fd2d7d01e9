import { closeSync, openSync, readSync } from 'node:fs';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';

const CHUNK = 1 << 20;
const MAX_STRING = 64 * 1024 * 1024;
/** Longer arrays (the vocabulary) are passed over unless somebody asks for them. */
const MAX_KEPT_ITEMS = 1024;
const DEFAULT_ALIGNMENT = 32;

export type GgufScalar = number | bigint | boolean | string;
export type GgufValue = GgufScalar | readonly GgufScalar[];

export interface GgufTensorInfo {
  readonly name: string;
  /** As the file has them: the innermost (columns) first. */
  readonly dims: readonly number[];
  readonly type: number;
  /** Place of its data in the file, bytes from the start. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
  /** Where the values of the metadata stand in the file, bytes from the start, and how many there are. */
  readonly values: { readonly count: number; readonly start: number; readonly end: number };
}

/**
 * Reads what a GGUF file (version 2 or 3, little endian) says of itself; no weights. Arrays of more than 1,024 items are
 * left out but for those named in `long`. Errors: `corrupt`, `unsupported`.
 */
export function readGgufHeader(file: string, long: readonly string[] = []): GgufHeader {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw toRagtuiError(error);
  }
  try {
    return readHeader(new Cursor(fd, file), file, new Set(long));
  } finally {
    closeSync(fd);
  }
}

function readHeader(cursor: Cursor, file: string, long: ReadonlySet<string>): GgufHeader {
  if (cursor.bytes(4).toString('latin1') !== 'GGUF') throw damaged(file, 'it does not begin like one');
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    throw new RagtuiError('unsupported', `${file} is GGUF version ${version}.`, 'Convert it again with a newer tool.');
  }
  const tensorCount = cursor.u64();
  const valueCount = cursor.u64();
  const metadata = new Map<string, GgufValue>();
  const valuesStart = cursor.position;
  for (let at = 0; at < valueCount; at += 1) {
    const key = cursor.string();
    const value = readValue(cursor, cursor.u32(), file, long.has(key) ? Number.POSITIVE_INFINITY : MAX_KEPT_ITEMS);
    if (value !== undefined) metadata.set(key, value);
  }
  const values = { count: valueCount, start: valuesStart, end: cursor.position };
  const infos: GgufTensorInfo[] = [];
  for (let at = 0; at < tensorCount; at += 1) {
    const name = cursor.string();
    const dims = Array.from({ length: Math.min(8, cursor.u32()) }, () => cursor.u64());
    infos.push({ name, dims, type: cursor.u32(), offset: cursor.u64() });
  }
  const alignment = metadata.get('general.alignment');
  const step = typeof alignment === 'number' && alignment > 0 ? alignment : DEFAULT_ALIGNMENT;
  const start = Math.ceil(cursor.position / step) * step;
  return {
    metadata,
    tensors: new Map(infos.map((info) => [info.name, { ...info, offset: start + info.offset }])),
    values,
  };
}

const ARRAY = 9;

function readValue(cursor: Cursor, type: number, file: string, most: number): GgufValue | undefined {
  if (type !== ARRAY) return readScalar(cursor, type, file);
  const itemType = cursor.u32();
  const length = cursor.u64();
  const items: GgufScalar[] = [];
  for (let at = 0; at < length; at += 1) {
    const item = readScalar(cursor, itemType, file);
    if (length <= most) items.push(item);
  }
  return length <= most ? items : undefined;
}

function readScalar(cursor: Cursor, type: number, file: string): GgufScalar {
  switch (type) {
    case 0:
      return cursor.bytes(1).readUInt8();
    case 1:
      return cursor.bytes(1).readInt8();
    case 2:
      return cursor.bytes(2).readUInt16LE();
    case 3:
      return cursor.bytes(2).readInt16LE();
    case 4:
      return cursor.u32();
    case 5:
      return cursor.bytes(4).readInt32LE();
    case 6:
      return cursor.bytes(4).readFloatLE();
    case 7:
      return cursor.bytes(1).readUInt8() !== 0;
    case 8:
      return cursor.string();
    case 10:
      return cursor.bytes(8).readBigUInt64LE();
    case 11:
      return cursor.bytes(8).readBigInt64LE();
    case 12:
      return cursor.bytes(8).readDoubleLE();
    default:
      throw damaged(file, `it holds a value of unknown type ${type}`);
  }
}

/** Reads a file from its start, a megabyte at a time. */
class Cursor {
  readonly #fd: number;
  readonly #file: string;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes handed out so far. */
  position = 0;

  constructor(fd: number, file: string) {
    this.#fd = fd;
    this.#file = file;
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#buffer.length) this.#fill(length);
    const part = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.position += length;
    return part;
  }

  u32(): number {
    return this.bytes(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.bytes(8).readBigUInt64LE());
  }

  string(): string {
    const length = this.u64();
    if (length > MAX_STRING) throw damaged(this.#file, 'a text in it has no end');
    return this.bytes(length).toString('utf8');
  }

  #fill(length: number): void {
    const rest = this.#buffer.subarray(this.#at);
    const next = Buffer.alloc(Math.max(CHUNK, length));
    const count = readSync(this.#fd, next, 0, next.length, null);
    this.#buffer = Buffer.concat([rest, next.subarray(0, count)]);
    this.#at = 0;
    if (this.#buffer.length < length) throw damaged(this.#file, 'it is cut off');
  }
}

const damaged = (file: string, why: string): RagtuiError =>
  new RagtuiError('corrupt', `${file} is no readable GGUF file: ${why}.`, 'Pull or make it again.');
