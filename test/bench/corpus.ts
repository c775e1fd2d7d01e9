import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse';
import { z } from 'zod';
import { fixturesDir } from '../../src/platform/entry.ts';
import { seeded } from './stats.ts';

export interface Corpus {
  readonly texts: readonly string[];
  /** In words, for the notes. */
  readonly origin: string;
}

const CHINESE_CHARS = 220;

/** `count` Chinese passages of some 200 characters: CMRC2018 when it is there, else our sample documents. */
export function chinesePassages(data: string | undefined, count: number): Corpus {
  if (data === undefined) return { texts: repeat(sampleTexts('zh'), count), origin: 'our Chinese sample documents' };
  const text = readFileSync(path.join(data, 'cmrc2018', 'cmrc2018_trial.json'), 'utf8');
  const contexts = z.array(z.object({ context_text: z.string() })).parse(JSON.parse(text));
  const pieces = contexts.flatMap(({ context_text }) => cut(context_text, CHINESE_CHARS));
  return { texts: sample(pieces, count), origin: 'CMRC2018' };
}

/** `count` different English passages of very different lengths: Financial-QA-10k's contexts, else our samples. */
export async function englishPassages(data: string | undefined, count: number): Promise<Corpus> {
  if (data === undefined) return { texts: repeat(sampleTexts('en'), count), origin: 'our English sample documents' };
  return { texts: sample(await financialContexts(data), count), origin: 'Financial-QA-10k' };
}

async function financialContexts(data: string): Promise<string[]> {
  const file = path.join(data, 'financial-qa-10k', 'Financial-QA-10k.csv');
  const found = new Set<string>();
  for await (const row of createReadStream(file).pipe(parse({ columns: true, bom: true }))) {
    const context = z
      .object({ context: z.string() })
      .parse(row)
      .context.replaceAll(/\s*\n\s*/g, ' ')
      .trim();
    if (context !== '') found.add(context);
  }
  return [...found];
}

function sampleTexts(language: 'en' | 'zh'): string[] {
  const folder = path.join(fixturesDir(), 'sample-kb', language);
  const files = readdirSync(folder).filter((name) => /\.(md|txt|csv)$/.test(name));
  const lines = files.flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n'));
  return lines.map((line) => line.trim()).filter((line) => line.length > 20);
}

function cut(text: string, length: number): string[] {
  const characters = Array.from(text);
  const pieces = Math.max(1, Math.round(characters.length / length));
  const each = Math.ceil(characters.length / pieces);
  return Array.from({ length: pieces }, (_, at) => characters.slice(at * each, (at + 1) * each).join(''));
}

/** The same ones in every run. */
function sample(texts: readonly string[], count: number): string[] {
  const random = seeded(1314);
  const rest = [...texts];
  const taken: string[] = [];
  while (taken.length < count && rest.length > 0) {
    taken.push(...rest.splice(Math.floor(random() * rest.length), 1));
  }
  return taken;
}

/** Numbered, so that no two are the same text. */
function repeat(texts: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const text = texts[at % texts.length] ?? '';
    return at < texts.length ? text : `${text} (${Math.floor(at / texts.length)})`;
  });
}

const SYLLABLES = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu'.split(' ');

/** Made-up words whose frequencies fall as in a natural language (Zipf), for full-text search at any size. */
export function wordMaker(seed: number, vocabulary = 30_000): (count: number) => string {
  const random = seeded(seed);
  const word = (rank: number): string => {
    const parts: string[] = [];
    for (let rest = rank + 20; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
      parts.push(SYLLABLES[rest % SYLLABLES.length] ?? '');
    }
    return parts.join('');
  };
  // Ranks with density 1/rank: the logarithm of the rank is uniform.
  const draw = () => word(Math.floor(vocabulary ** random()) - 1);
  return (count) => Array.from({ length: count }, draw).join(' ');
}
