import { setTimeout as delay } from 'node:timers/promises';
import { createParserPool } from './loaders/parser-pool.ts';
import { isUnreadable } from './loaders/registry.ts';
import { walk } from './loaders/walk.ts';

const SAMPLE_FILES = 12;
const SAMPLE_CHARACTERS = 60_000;
const CHARACTERS_OF_ONE = 12_000;
const PATIENCE_MS = 8_000;
/** Share of Chinese among the letters above which a text counts as Chinese: names and terms in English are usual there. */
const CHINESE_SHARE = 0.2;

export interface LanguageGuess {
  readonly language: 'en' | 'zh';
  /** Share of Chinese characters among the letters, 0–1; null when nothing could be read. */
  readonly share: number | null;
  /** Files that were read for it. */
  readonly files: number;
}

/** The language of a text by its share of Chinese characters. */
export function languageOf(text: string): Omit<LanguageGuess, 'files'> {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return { language: 'en', share: null };
  const share = (text.match(/\p{Script=Han}/gu)?.length ?? 0) / letters;
  return { language: share >= CHINESE_SHARE ? 'zh' : 'en', share };
}

/**
 * Which language the documents below `roots` are in, from the beginnings of a few of them, read with the loaders of
 * the ingest (so that a PDF or escaped JSON counts by its text). Takes seconds at most; files that cannot be read count for nothing.
 */
export async function guessLanguage(roots: readonly string[]): Promise<LanguageGuess> {
  const pool = createParserPool({ size: 1 });
  const stop = new AbortController();
  let text = '';
  let files = 0;
  const sample = async () => {
    for await (const entry of walk(roots, { signal: stop.signal })) {
      if (files >= SAMPLE_FILES || text.length >= SAMPLE_CHARACTERS) return;
      if ('error' in entry || isUnreadable(entry.path)) continue;
      const beginning = await beginningOf(entry.path);
      if (beginning) files += 1;
      text += beginning;
    }
  };
  const beginningOf = async (file: string): Promise<string> => {
    let read = '';
    try {
      for await (const documents of pool.parse(file, {}, stop.signal)) {
        for (const document of documents) read += document.text.slice(0, CHARACTERS_OF_ONE);
        if (read.length > 0) break;
      }
    } catch {
      // The ingest will say what is wrong with it.
    }
    return read.slice(0, CHARACTERS_OF_ONE);
  };
  await Promise.race([sample().catch(() => undefined), delay(PATIENCE_MS, undefined, { signal: stop.signal })]);
  stop.abort();
  await pool.close();
  return { ...languageOf(text), files };
}
