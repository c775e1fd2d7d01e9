import { isUtf8 } from 'node:buffer';
import chardet from 'chardet';
import { RagtuiError } from '../../platform/errors.ts';
import { binaryKind } from './binary.ts';

/** How a file's bytes become text: a `TextDecoder` label and the length of the byte-order mark to leave out. */
export interface Encoding {
  readonly label: string;
  readonly bomBytes: number;
}

/** Enough for frequency statistics; validity is always checked over the whole file. */
const SAMPLE_BYTES = 64 * 1024;

/**
 * Finds the encoding: byte-order mark, strict UTF-8, UTF-16 by its looks, then statistics, each proven by a strict
 * decode of the whole file, then windows-1252. `declared` (a `<meta charset>`) goes before statistics. Throws
 * RagtuiError for bytes that are no text.
 */
export function detectEncoding(bytes: Uint8Array, declared?: string): Encoding {
  const marked = byteOrderMark(bytes);
  if (marked) return checked(bytes, marked);
  const kind = binaryKind(bytes);
  if (kind)
    throw new RagtuiError('unsupported', `It is ${kind}, not text.`, 'Remove it, or give it its own extension.');
  const nul = bytes.indexOf(0);
  if (nul < 0 && isUtf8(bytes)) return withoutControls(bytes, { label: 'utf-8', bomBytes: 0 });
  const wide = utf16ByLooks(bytes);
  if (wide) return { label: wide, bomBytes: 0 };
  if (nul >= 0) {
    throw new RagtuiError(
      'unsupported',
      `It holds NUL bytes (the first at byte ${nul}), so it is not text.`,
      'Remove it, or save it as UTF-8 text.',
    );
  }
  const label = declared && knownLabel(declared) && decodes(bytes, declared) ? declared : byStatistics(bytes);
  return withoutControls(bytes, { label, bomBytes: 0 });
}

/** The text of `bytes`, "\r\n" made "\n". */
export function decodeText(bytes: Uint8Array, encoding: Encoding = detectEncoding(bytes)): string {
  const text = new TextDecoder(encoding.label, { ignoreBOM: true }).decode(bytes.subarray(encoding.bomBytes));
  return normalizeNewlines(text);
}

/** The text in pieces of some 4 MB of bytes, for files too large to hold as one string. */
export function* decodePieces(bytes: Uint8Array, encoding: Encoding, pieceBytes = 4 * 1024 * 1024): Generator<string> {
  const decoder = new TextDecoder(encoding.label, { ignoreBOM: true });
  let held = '';
  for (let at = encoding.bomBytes; at < bytes.length; at += pieceBytes) {
    const text = held + decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: true });
    // A "\r" at the border may belong to a "\n" of the next piece.
    held = text.endsWith('\r') ? '\r' : '';
    yield normalizeNewlines(held ? text.slice(0, -1) : text);
  }
  yield held + decoder.decode();
}

function normalizeNewlines(text: string): string {
  return text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text;
}

function byteOrderMark(bytes: Uint8Array): Encoding | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) {
    throw new RagtuiError('unsupported', 'It is UTF-32 text, which is not read.', 'Save it as UTF-8.');
  }
  if (a === 0xef && b === 0xbb && c === 0xbf) return { label: 'utf-8', bomBytes: 3 };
  if (a === 0xff && b === 0xfe) return { label: 'utf-16le', bomBytes: 2 };
  if (a === 0xfe && b === 0xff) return { label: 'utf-16be', bomBytes: 2 };
  return undefined;
}

function checked(bytes: Uint8Array, encoding: Encoding): Encoding {
  if (decodes(bytes.subarray(encoding.bomBytes), encoding.label)) return encoding;
  throw new RagtuiError(
    'corrupt',
    `It begins with a ${encoding.label} byte-order mark but is not valid ${encoding.label}.`,
    'Save it again as UTF-8.',
  );
}

function knownLabel(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

/** Strict validity, in pieces: a 100 MB file must not become a 200 MB string for this. */
function decodes(bytes: Uint8Array, label: string): boolean {
  if (label === 'utf-8') return isUtf8(bytes);
  const decoder = new TextDecoder(label, { fatal: true });
  try {
    for (let at = 0; at < bytes.length; at += SAMPLE_BYTES * 16) {
      decoder.decode(bytes.subarray(at, at + SAMPLE_BYTES * 16), { stream: true });
    }
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

/**
 * UTF-16 without a mark. English shows as NULs on one side; Chinese as code units nearly all in the everyday blocks.
 * Pairs of ASCII letters and Shift_JIS kana look like rare Chinese too, hence the limit on the share of ASCII bytes,
 * and the wish for an ideographic comma, full stop or full-width mark: their first byte begins nothing elsewhere.
 */
function utf16ByLooks(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes.length < 4 || bytes.length % 2 !== 0) return undefined;
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  let ascii = 0;
  for (const byte of sample) if (byte >= 0x20 && byte < 0x7f) ascii++;
  const nuls = sample.includes(0);
  if (!nuls && (ascii / sample.length > 0.7 || !hasWidePunctuation(sample))) return undefined;
  const scored = (['utf-16le', 'utf-16be'] as const).map((label) => ({ label, share: everydayShare(sample, label) }));
  scored.sort((a, b) => b.share - a.share);
  const best = scored[0];
  return best && best.share >= 0.95 && decodes(bytes, best.label) ? best.label : undefined;
}

function hasWidePunctuation(sample: Uint8Array): boolean {
  for (let i = 0; i + 1 < sample.length; i += 2) {
    const [high, low] = [sample[i] ?? 0, sample[i + 1] ?? 0];
    for (const unit of [(high << 8) | low, (low << 8) | high]) {
      if (unit === 0x3001 || unit === 0x3002 || unit === 0xff0c || unit === 0xff0e) return true;
    }
  }
  return false;
}

/** Share of code units that are printable ASCII, Latin, Greek, Cyrillic, kana, CJK or their punctuation. */
function everydayShare(bytes: Uint8Array, label: 'utf-16le' | 'utf-16be'): number {
  const low = label === 'utf-16le' ? 0 : 1;
  let good = 0;
  const units = Math.floor(bytes.length / 2);
  for (let i = 0; i < units * 2; i += 2) {
    const unit = (bytes[i + low] ?? 0) | ((bytes[i + 1 - low] ?? 0) << 8);
    if (unit === 9 || unit === 10 || unit === 13 || (unit >= 0x20 && unit < 0x7f)) good++;
    else if ((unit >= 0xa0 && unit < 0x530) || (unit >= 0x2000 && unit < 0x2070)) good++;
    else if ((unit >= 0x3000 && unit < 0x3100) || (unit >= 0x4e00 && unit < 0xa000)) good++;
    else if (unit >= 0xff00 && unit < 0xfff0) good++;
  }
  return units === 0 ? 0 : good / units;
}

const LABELS: Readonly<Record<string, string>> = {
  GB18030: 'gb18030',
  Big5: 'big5',
  Shift_JIS: 'shift_jis',
  'EUC-JP': 'euc-jp',
  'EUC-KR': 'euc-kr',
  'ISO-8859-1': 'windows-1252',
  'ISO-8859-2': 'iso-8859-2',
  'ISO-8859-5': 'iso-8859-5',
  'ISO-8859-6': 'iso-8859-6',
  'ISO-8859-7': 'iso-8859-7',
  'ISO-8859-8': 'iso-8859-8',
  'ISO-8859-9': 'windows-1254',
  'windows-1250': 'windows-1250',
  'windows-1251': 'windows-1251',
  'windows-1252': 'windows-1252',
  'windows-1253': 'windows-1253',
  'windows-1254': 'windows-1254',
  'windows-1255': 'windows-1255',
  'windows-1256': 'windows-1256',
  'KOI8-R': 'koi8-r',
};
const TWO_BYTE = new Set(['gb18030', 'big5', 'shift_jis', 'euc-jp', 'euc-kr']);

function byStatistics(bytes: Uint8Array): string {
  const guesses = chardet
    .analyse(statisticsSample(bytes))
    .flatMap(({ name, confidence }) => (LABELS[name] ? [{ label: LABELS[name], confidence }] : []))
    .filter(({ label }) => decodes(bytes, label));
  const sure = guesses[0];
  const gb = commonHanziShare(bytes);
  // Short Chinese texts give chardet too little to count; frequent characters in the right rows are proof enough.
  const eastAsian = sure && TWO_BYTE.has(sure.label) && sure.confidence >= 50;
  if (!eastAsian && gb >= 0.9 && decodes(bytes, 'gb18030')) return 'gb18030';
  return sure?.label ?? 'windows-1252';
}

/** The first bytes that are not all ASCII: statistics on a long English preamble say nothing. */
function statisticsSample(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte > 0x7f);
  const from = first > SAMPLE_BYTES / 2 ? first - 1024 : 0;
  return bytes.subarray(from, from + SAMPLE_BYTES);
}

/** Share of two-byte sequences in the rows of GB 2312 that hold punctuation and the 3,755 frequent characters. */
function commonHanziShare(bytes: Uint8Array): number {
  const sample = statisticsSample(bytes);
  let pairs = 0;
  let common = 0;
  for (let i = 0; i < sample.length - 1; i++) {
    const lead = sample[i] ?? 0;
    if (lead < 0x80) continue;
    const trail = sample[++i] ?? 0;
    pairs++;
    const row = (lead >= 0xb0 && lead <= 0xd7) || (lead >= 0xa1 && lead <= 0xa3);
    if (row && trail >= 0xa1) common++;
  }
  return pairs < 2 ? 0 : common / pairs;
}

/** Text has hardly any control characters; a file with many is data that happens to hold no NUL. */
function withoutControls(bytes: Uint8Array, encoding: Encoding): Encoding {
  let controls = 0;
  const sample = bytes.subarray(0, SAMPLE_BYTES * 4);
  for (const byte of sample) if (byte < 0x20 && !(byte >= 8 && byte <= 13) && byte !== 0x1b) controls++;
  if (controls > 2 && controls / sample.length > 0.02) {
    throw new RagtuiError(
      'unsupported',
      `It looks like binary data: ${Math.round((controls / sample.length) * 100)} % control characters.`,
      'Remove it, or save it as UTF-8 text.',
    );
  }
  return encoding;
}
