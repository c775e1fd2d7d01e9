import { readFileSync } from 'node:fs';
import { retrievalRowSchema } from '../datasets/types.ts';

/** How many texts both runtimes embed. */
export const PARITY_TEXTS = 100;

/** What data may not hold and use will: other scripts, next to nothing, and what only looks like text. */
const HARD: readonly string[] = [
  ' ',
  '.',
  'a',
  '?!…',
  '0',
  '1,234,567.89 %',
  '你好',
  '这家公司在二零二二财年的净销售额是多少？',
  '東京都は日本の首都です。',
  '한국어 문장도 들어옵니다.',
  'Что изменилось в третьем квартале?',
  'كيف حالك اليوم؟',
  'café naïve Ångström',
  'ｆｕｌｌｗｉｄｔｈ ＴＥＸＴ',
  '🙂🚀 emoji',
  'MiXeD CaSe WITH SHOUTING',
  'tabs\tand\nnew lines\r\nin one text',
  'snake_case and https://example.org/a?b=c#d',
  'for (let i = 0; i < n; i++) { sum += x[i]; }',
  'mixed 中文 and English 混合 text',
];

/**
 * A hundred texts to compare two runtimes on: `HARD` ones, texts longer than the model reads, and queries and passages
 * of the rows, spread over all of them, the shortest and the longest among them.
 */
export function parityTexts(rowsFile: string, maxTokens: number): string[] {
  const rows = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean);
  const queries: string[] = [];
  const passages: string[] = [];
  for (const line of rows) {
    const { query, pos } = retrievalRowSchema.parse(JSON.parse(line));
    queries.push(query);
    passages.push(...pos);
  }
  const texts = new Set([...HARD, ...overlong(passages, maxTokens), ...spread(queries, 35), ...spread(passages, 42)]);
  // Few rows, or the same again and again: their texts are put together to new ones.
  for (let at = 0; texts.size < PARITY_TEXTS; at += 1) {
    texts.add(`${queries[at % queries.length]} ${passages[(at * 7) % passages.length]} ${at}`);
  }
  return [...texts].slice(0, PARITY_TEXTS);
}

/** A token is at least a character: these have more words than the model has places. */
function overlong(passages: readonly string[], maxTokens: number): string[] {
  const words = passages.join(' ').split(/\s+/).filter(Boolean);
  const many = (from: number): string =>
    Array.from({ length: maxTokens + 40 }, (_, at) => words[(from + at) % Math.max(1, words.length)] ?? 'word').join(
      ' ',
    );
  return [many(0), many(17), '长'.repeat(maxTokens + 40)];
}

/** `count` of the texts: the shortest, the longest, and the rest evenly from the first to the last. */
function spread(texts: readonly string[], count: number): string[] {
  const byLength = [...new Set(texts)].sort((a, b) => a.length - b.length);
  const ends = [...byLength.slice(0, 4), ...byLength.slice(-4)];
  const step = Math.max(1, texts.length / (count - ends.length));
  const even = Array.from({ length: count - ends.length }, (_, at) => texts[Math.floor(at * step)]);
  return [...ends, ...even.filter((text) => text !== undefined)];
}
