import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { detectEncoding, type Encoding } from '../../kb/loaders/encoding.ts';
import { errnoOf, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { hashFile } from '../../platform/files.ts';

const HEAD_BYTES = 1 << 20;
/** Of a compressed file; it becomes a few times as much text. */
const GZIP_HEAD_BYTES = 1 << 16;
const PIECE_BYTES = 1 << 18;
/** More damage than this and the text is in another encoding. */
const DAMAGED_SHARE = 0.05;

/** A file to import: its beginning, to see what it is, and its text in pieces, hashed on the way. */
export interface OpenedFile {
  readonly path: string;
  /** Without its folder. */
  readonly name: string;
  readonly size: number;
  readonly encoding: Encoding;
  /** The first MB as text (of a gzip file what its first 64 kB hold), and whether that is all of it; '' for Parquet. */
  readonly head: string;
  readonly whole: boolean;
  readonly isParquet: boolean;
  /** All of the text, once. */
  text(): AsyncIterable<string>;
  /** Whether some of the text so far could not be decoded; such characters are U+FFFD. */
  damaged(): boolean;
  /** Bytes read so far. */
  bytes(): number;
  /** Notes how far a reader is that does not read `text`. */
  setBytes(bytes: number): void;
  /** Of the bytes as they are; right once all of `text` was read, else the file is read for it. */
  sha256(): Promise<string>;
}

/** Opens a file to import. Errors: `not-found`, `permission`, `unsupported` for what is no text and no Parquet. */
export function openFile(file: string, signal?: AbortSignal): OpenedFile {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new RagtuiError('not-found', `There is no file ${file}.`, 'Name a file that exists.');
  const name = path.basename(file);
  const raw = readHead(file, HEAD_BYTES);
  const isParquet = raw.subarray(0, 4).toString('latin1') === 'PAR1';
  const isGzip = raw[0] === 0x1f && raw[1] === 0x8b;
  const start = isGzip ? inflatedHead(name, raw) : raw;
  const whole = isGzip ? stat.size <= GZIP_HEAD_BYTES : start.length === stat.size;
  const encoding = isParquet ? { label: 'binary', bomBytes: 0 } : encodingOf(name, whole ? start : cut(start));
  const head = isParquet
    ? ''
    : new TextDecoder(encoding.label, { ignoreBOM: true }).decode(start.subarray(encoding.bomBytes), {
        stream: !whole,
      });
  const hash = createHash('sha256');
  let bytes = 0;
  let damaged = false;
  let over = false;

  async function* text(): AsyncGenerator<string> {
    const decoder = decoderOf(encoding, () => {
      damaged = true;
    });
    const stream = createReadStream(file, { highWaterMark: PIECE_BYTES, ...(signal ? { signal } : {}) });
    let skip = encoding.bomBytes;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of stream) {
        const piece: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
        hash.update(piece);
        bytes += piece.length;
        yield piece;
      }
    };
    for await (const piece of isGzip ? inflated(name, counted()) : counted()) {
      const read = decoder.decode(skip > 0 ? piece.subarray(skip) : piece);
      skip = 0;
      if (read !== '') yield read;
    }
    const rest = decoder.end();
    if (rest !== '') yield rest;
    over = true;
  }

  return {
    path: file,
    name,
    size: stat.size,
    encoding,
    head,
    whole,
    isParquet,
    text,
    damaged: () => damaged,
    bytes: () => bytes,
    setBytes: (read) => {
      bytes = read;
    },
    sha256: async () => (over ? hash.copy().digest('hex') : hashFile(file, signal)),
  };
}

function readHead(file: string, length: number): Buffer {
  try {
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(length);
      let got = 0;
      for (let more = 1; more > 0 && got < length; got += more) more = readSync(handle, bytes, got, length - got, got);
      return bytes.subarray(0, got);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (errnoOf(error)) throw toRagtuiError(error);
    throw error;
  }
}

/** The beginning of what a gzip file holds. It is small: a file of a thousandth of its content is a known trick. */
function inflatedHead(name: string, raw: Buffer): Buffer {
  try {
    return gunzipSync(raw.subarray(0, GZIP_HEAD_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    throw notGzip(name);
  }
}

async function* inflated(name: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  const feed = pipeline(pieces, gunzip);
  feed.catch(() => {});
  try {
    for await (const chunk of gunzip) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    await feed;
  } catch (error) {
    throw errnoOf(error)?.startsWith('Z_') ? notGzip(name) : error;
  }
}

const notGzip = (name: string): RagtuiError =>
  new RagtuiError('corrupt', `${name} is damaged: it cannot be unpacked.`, 'Get it again.');

/** Ends a sample where no character is cut in two: at a line end, or else after plain ASCII. */
function cut(sample: Buffer): Buffer {
  let end = sample.length - (sample.length % 2);
  for (let at = sample.length - 1; at > sample.length - 4096 && at > 0; at--) {
    const byte = sample[at] ?? 0;
    if (byte === 0) break;
    if (byte < 0x30 && (sample[at - 1] ?? 0x80) < 0x80) {
      end = at;
      break;
    }
  }
  return sample.subarray(0, end);
}

/** As for documents, but a few damaged bytes do not make UTF-8 something else: they cost the rows they are in. */
function encodingOf(name: string, sample: Buffer): Encoding {
  if (sample.length === 0) return { label: 'utf-8', bomBytes: 0 };
  try {
    if (!sample.includes(0) && mostlyUtf8(sample)) {
      const marked = sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf;
      return { label: 'utf-8', bomBytes: marked ? 3 : 0 };
    }
    return detectEncoding(sample);
  } catch (error) {
    const { code, message, hint } = toRagtuiError(error);
    throw new RagtuiError(code, `${name} cannot be read. ${message}`, hint);
  }
}

function mostlyUtf8(sample: Buffer): boolean {
  if (isUtf8(sample)) return sample.subarray(0, 4).toString('latin1') !== '%PDF';
  let foreign = 0;
  let lost = 0;
  for (const character of sample.toString('utf8')) {
    if (character > '\u007f') foreign++;
    if (character === '\ufffd') lost++;
  }
  return lost / foreign <= DAMAGED_SHARE;
}

interface Decoder {
  decode(piece: Buffer): string;
  end(): string;
}

function decoderOf({ label }: Encoding, onDamage: () => void): Decoder {
  if (label === 'utf-8') return utf8Decoder(onDamage);
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  const watched = (text: string): string => {
    if (text.includes('\ufffd')) onDamage();
    return text;
  };
  return { decode: (piece) => watched(decoder.decode(piece, { stream: true })), end: () => watched(decoder.decode()) };
}

/** Several times as fast as a TextDecoder on a stream, and it tells damage from a U+FFFD that was in the file. */
function utf8Decoder(onDamage: () => void): Decoder {
  let held: Buffer = Buffer.alloc(0);
  const plain = (bytes: Buffer): string => {
    if (!isUtf8(bytes)) onDamage();
    return bytes.toString('utf8');
  };
  return {
    decode: (piece) => {
      const bytes = held.length > 0 ? Buffer.concat([held, piece]) : piece;
      const end = wholeCharacters(bytes);
      held = Buffer.from(bytes.subarray(end));
      return plain(bytes.subarray(0, end));
    },
    end: () => plain(held),
  };
}

/** The length without a last character whose bytes are not all there. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
