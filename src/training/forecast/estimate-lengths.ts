import type { AnyDataset } from '../../datasets/open.ts';
import { qaToAlpaca, toMessages } from '../../datasets/render.ts';
import type { DatasetRow } from '../../datasets/types.ts';
import { lengthsOf } from './lengths.ts';
import type { TokenLengths } from './types.ts';

/** Rows that are looked at: few enough to be done between two key presses. */
const LOOKED_AT = 200;
/** English is some four bytes a token, Chinese (three bytes a character) about one and a third characters. */
const BYTES_OF_TOKEN = 4;
/** A chat template's own marks, for each message. */
const MARKS = 5;
/** A row is thrown away by the engine only after it was cut: nothing here has to be exact. */
export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_OF_TOKEN);

/** Row numbers of a part, evenly spread, at most `most`. */
export function spread(
  dataset: AnyDataset,
  part: string | undefined,
  limit: number | undefined,
  most: number,
): number[] {
  const numbers = dataset.rowNumbers(part);
  const used = Math.min(numbers.length, limit ?? numbers.length);
  const step = Math.max(1, used / most);
  const chosen = Array.from({ length: Math.min(used, most) }, (_, at) => numbers[Math.floor(at * step)]);
  return chosen.filter((number) => number !== undefined);
}

/** Token lengths without a tokenizer, from some rows of a part. Quick; `source` says what it is. */
export function estimateLengths(
  dataset: AnyDataset,
  part: string | undefined,
  limit: number | undefined,
  engine: 'llamafactory' | 'flagembedding',
): TokenLengths {
  const texts: number[] = [];
  const passages: number[] = [];
  for (const row of dataset.pick(spread(dataset, part, limit, LOOKED_AT))) {
    if (engine === 'llamafactory') texts.push(...conversation(row));
    else {
      const pair = pairOf(row);
      texts.push(...pair.queries.map(tokensOf));
      passages.push(...pair.passages.map(tokensOf));
    }
  }
  const of = { source: 'estimated' as const, texts: lengthsOf(texts) };
  return { ...of, passages: engine === 'flagembedding' ? lengthsOf(passages) : null };
}

function conversation(row: DatasetRow): number[] {
  if ('query' in row) return [];
  if ('chosen' in row) {
    const asked = row.messages.map(({ content }) => content);
    const answer = row.chosen.length >= row.rejected.length ? row.chosen : row.rejected;
    return [withMarks([...asked, answer])];
  }
  const sft = 'form' in row ? row : qaToAlpaca(row);
  return sft ? [withMarks(toMessages(sft).map(({ content }) => content))] : [];
}

const withMarks = (messages: readonly string[]): number =>
  messages.reduce((sum, text) => sum + tokensOf(text) + MARKS, 0);

/** Questions and passages of a row; the wrong passages of a question are others' right ones, of the same lengths. */
export function pairOf(row: DatasetRow): { queries: string[]; passages: string[] } {
  if ('query' in row) return { queries: [row.query], passages: [...row.pos, ...row.neg] };
  if ('question' in row) return { queries: [row.question], passages: [row.context] };
  return { queries: [], passages: [] };
}
