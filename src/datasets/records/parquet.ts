import { closeSync, openSync, readSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { OpenedFile } from './open-file.ts';
import type { JsonObject, RawRecord } from './types.ts';

/** A row group is decoded as a whole. */
const LARGEST_ROW_GROUP_BYTES = 1 << 30;
const BATCH_ROWS = 1000;

/** Snappy and none are hyparquet's own; zstd and LZ4 need a library that is not here. */
const COMPRESSORS: Compressors = {
  GZIP: (input) => new Uint8Array(gunzipSync(input)),
  BROTLI: (input) => new Uint8Array(brotliDecompressSync(input)),
};
/** A byte-order mark inside a text is text; hyparquet's own decoder drops it. */
const PARSERS = {
  stringFromBytes: (bytes: Uint8Array | undefined): string | undefined => bytes && textOf(bytes),
  jsonFromBytes: (bytes: Uint8Array | undefined): unknown => bytes && JSON.parse(textOf(bytes)),
};
const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

const READ_CODECS = new Set(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI']);

/** The rows of a Parquet file, one row group in memory at a time. Errors: `corrupt`, `unsupported` compression or size. */
export async function* parquetRecords(file: OpenedFile): AsyncGenerator<RawRecord[]> {
  const handle = openSync(file.path, 'r');
  try {
    const buffer = asyncBuffer(handle, file.size);
    const metadata = await metadataOf(file, buffer);
    checkGroups(file, metadata);
    let row = 0;
    let bytes = 0;
    for (const group of metadata.row_groups) {
      const rows = await readRows(file, buffer, metadata, row, row + Number(group.num_rows));
      bytes += Number(group.total_compressed_size ?? group.total_byte_size);
      file.setBytes(Math.min(bytes, file.size));
      for (let at = 0; at < rows.length; at += BATCH_ROWS) {
        const first = row + at;
        yield rows.slice(at, at + BATCH_ROWS).map((value, index) => ({ line: first + index + 1, value }));
      }
      row += Number(group.num_rows);
    }
  } finally {
    closeSync(handle);
  }
}

/** The first rows of a Parquet file and its columns. */
export async function firstParquetRecords(
  file: OpenedFile,
  count: number,
): Promise<{ columns: readonly string[]; records: RawRecord[] }> {
  const handle = openSync(file.path, 'r');
  try {
    const buffer = asyncBuffer(handle, file.size);
    const metadata = await metadataOf(file, buffer);
    checkGroups(file, metadata);
    const rows = await readRows(file, buffer, metadata, 0, Math.min(count, Number(metadata.num_rows)));
    const [root] = metadata.schema;
    return {
      columns: rows[0] ? Object.keys(rows[0]) : metadata.schema.filter((one) => one !== root).map((one) => one.name),
      records: rows.map((value, index) => ({ line: index + 1, value })),
    };
  } finally {
    closeSync(handle);
  }
}

async function metadataOf(file: OpenedFile, buffer: AsyncBuffer): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(buffer);
  } catch {
    throw new RagtuiError('corrupt', `${file.name} has no Parquet footer.`, 'It was cut off: get it again.');
  }
}

function checkGroups({ name }: OpenedFile, { row_groups: groups }: FileMetaData): void {
  for (const group of groups) {
    if (Number(group.total_byte_size) > LARGEST_ROW_GROUP_BYTES) {
      throw new RagtuiError(
        'unsupported',
        `${name} has a row group of more than 1 GB, which would be held in memory as a whole.`,
        'Write it again with smaller ones (pyarrow: row_group_size=100000), or as JSON lines.',
      );
    }
    const codec = group.columns.map((one) => one.meta_data?.codec).find((one) => one && !READ_CODECS.has(one));
    if (codec) {
      throw new RagtuiError(
        'unsupported',
        `${name} is compressed with ${codec}, which is not read.`,
        'Write it again with snappy, gzip or no compression.',
      );
    }
  }
}

async function readRows(
  file: OpenedFile,
  buffer: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<JsonObject[]> {
  try {
    const rows = await parquetReadObjects({
      file: buffer,
      metadata,
      rowStart,
      rowEnd,
      compressors: COMPRESSORS,
      parsers: PARSERS,
    });
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
  } catch (error) {
    throw new RagtuiError(
      'corrupt',
      `${file.name} cannot be read from row ${rowStart + 1} on: ${toRagtuiError(error).message}`,
      'Get it again, or write it as JSON lines.',
      { cause: error },
    );
  }
}

/** As JSON would have it: 64-bit integers as numbers where they fit, times as text, bytes as nothing. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return null;
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
}

function asyncBuffer(handle: number, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    slice: (start, end = byteLength) => {
      const from = start < 0 ? byteLength + start : start;
      const bytes = new Uint8Array(Math.max(0, end - from));
      for (let got = 0, more = 1; more > 0 && got < bytes.length; got += more)
        more = readSync(handle, bytes, got, bytes.length - got, from + got);
      return bytes.buffer;
    },
  };
}
