// Text that was read in another encoding than it was written in, and the way back where there is one.

/** What the 27 assigned bytes from 0x80 to 0x9f mean in Windows-1252; the others stand for themselves. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const BYTE_OF: ReadonlyMap<string, number> = new Map([...WINDOWS_1252].map((char, at) => [char, 0x80 + at]));
const LATIN_RUN = /[\u0080-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]{2,}/g;
/** Latin letters with marks hardly ever stand six in a row. */
const GB_AS_LATIN_RUN = /[\u00a1-\u00fe]{6,}/g;
const WIDE_RUN = /[\u0080-\uffff]{4,}/g;
/** Chinese characters a repaired run must have at least: fewer may be chance. */
const FEWEST_REPAIRED = 4;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const gb18030 = new TextDecoder('gb18030', { fatal: true });

/** What such damage is called, and the text as it was meant. */
export interface Repair {
  readonly what: string;
  readonly text: string;
}

/** The text as it was meant, if it was read in another encoding; undefined when nothing speaks for that. */
export function repairEncoding(text: string): Repair | undefined {
  const repairs: [what: string, pattern: RegExp, repair: (run: string) => string | undefined][] = [
    ['GB18030 read as Latin-1', GB_AS_LATIN_RUN, latinToGb],
    ['UTF-8 read as Windows-1252', LATIN_RUN, latinToUtf8],
    ['UTF-8 read as GB18030', WIDE_RUN, gbToUtf8],
  ];
  for (const [what, pattern, repair] of repairs) {
    const repaired = text.replace(pattern, (run) => repair(run) ?? run);
    if (repaired !== text) return { what, text: repaired };
  }
  return undefined;
}

function latinToUtf8(run: string): string | undefined {
  // An intact character may stand beside a damaged one (“Ã©): the longest piece that is UTF-8 counts.
  const bytes = [...run].map((char) => BYTE_OF.get(char) ?? char.charCodeAt(0));
  let repaired = '';
  let any = false;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) repaired += run.charAt(at++);
    else {
      repaired += utf8.decode(Uint8Array.from(bytes.slice(at, at + length)));
      any = true;
      at += length;
    }
  }
  return any ? repaired : undefined;
}

/** Bytes of the UTF-8 sequence that begins here, 0 when none does. */
function sequenceLength(bytes: readonly number[], at: number): number {
  const lead = bytes[at] ?? 0;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    utf8.decode(Uint8Array.from(bytes.slice(at, at + length)));
    return length;
  } catch {
    return 0;
  }
}

function latinToGb(run: string): string | undefined {
  const bytes = Buffer.from(run, 'latin1');
  // Bytes that are mostly UTF-8 are that: GB18030 would read nearly anything.
  let asUtf8 = 0;
  for (let at = 0; at < bytes.length; at++) {
    const length = sequenceLength([...bytes.subarray(at, at + 4)], 0);
    asUtf8 += length;
    at += Math.max(0, length - 1);
  }
  if (asUtf8 * 2 > bytes.length) return undefined;
  const repaired = decoded(gb18030, bytes);
  const chinese = repaired === undefined ? 0 : han(repaired);
  return chinese >= 3 && chinese >= Math.floor(run.length / 2) - 1 ? repaired : undefined;
}

function gbToUtf8(run: string): string | undefined {
  const bytes = gbBytes(run);
  if (!bytes) return undefined;
  const repaired = decoded(utf8, bytes);
  return repaired && han(repaired) >= FEWEST_REPAIRED ? repaired : undefined;
}

function decoded(decoder: { decode(bytes: Uint8Array): string }, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const han = (text: string): number => text.match(/[\u3400-\u9fff]/g)?.length ?? 0;

let gbTable: ReadonlyMap<string, readonly [number, number]> | undefined;

/** The bytes of a text in GBK, by reading its decoder backwards; undefined when a character has none. */
function gbBytes(text: string): Uint8Array | undefined {
  gbTable ??= makeGbTable();
  const bytes: number[] = [];
  for (const char of text) {
    const pair = gbTable.get(char);
    if (!pair) return undefined;
    bytes.push(...pair);
  }
  return Uint8Array.from(bytes);
}

function makeGbTable(): ReadonlyMap<string, readonly [number, number]> {
  const table = new Map<string, readonly [number, number]>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const char = trail === 0x7f ? undefined : decoded(gb18030, Uint8Array.of(lead, trail));
      if (char && !table.has(char)) table.set(char, [lead, trail]);
    }
  }
  return table;
}
