import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

const SAMPLE_FILES = 40;
const SAMPLE_BYTES = 16_384;
const MAX_FOLDERS = 200;
const TEXT = /\.(txt|md|markdown|html?|csv|tsv|jsonl?|log|rst)$/i;
/** Share of Chinese among the letters above which a text counts as Chinese: names and terms in English are usual there. */
const CHINESE_SHARE = 0.2;

export interface LanguageGuess {
  readonly language: 'en' | 'zh';
  /** Share of Chinese characters among the letters, 0–1; null when nothing could be read. */
  readonly share: number | null;
  readonly files: number;
}

/** Which language the documents are in, from the beginnings of up to 40 text files. Reads little, follows no links. */
export function guessLanguage(roots: readonly string[]): LanguageGuess {
  let chinese = 0;
  let letters = 0;
  const files = sampleFiles(roots);
  for (const file of files) {
    const text = beginning(file);
    chinese += text.match(/\p{Script=Han}/gu)?.length ?? 0;
    letters += text.match(/\p{L}/gu)?.length ?? 0;
  }
  if (letters === 0) return { language: 'en', share: null, files: files.length };
  const share = chinese / letters;
  return { language: share >= CHINESE_SHARE ? 'zh' : 'en', share, files: files.length };
}

function sampleFiles(roots: readonly string[]): string[] {
  const found: string[] = [];
  const queue = [...roots];
  let folders = 0;
  for (const at of queue) {
    if (found.length >= SAMPLE_FILES || folders > MAX_FOLDERS) break;
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat?.isFile() && TEXT.test(at)) found.push(at);
    if (!stat?.isDirectory()) continue;
    folders++;
    queue.push(...entriesOf(at));
  }
  return found.slice(0, SAMPLE_FILES);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.') && !entry.isSymbolicLink())
      .map((entry) => path.join(folder, entry.name))
      .sort();
  } catch {
    return [];
  }
}

/** The first bytes of a file in the encoding its bytes fit: UTF-16 by its mark, UTF-8, else GB18030. */
function beginning(file: string): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(SAMPLE_BYTES);
      const bytes = buffer.subarray(0, readSync(fd, buffer, 0, SAMPLE_BYTES, 0));
      return decode(bytes);
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

function decode(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const text = new TextDecoder().decode(bytes);
  // A cut character at the end makes one replacement character; another encoding makes many.
  const broken = text.match(/\ufffd/g)?.length ?? 0;
  return broken > 3 ? new TextDecoder('gb18030').decode(bytes) : text;
}
