import { openDataset } from '../../datasets/open.ts';
import { rowTexts } from '../../datasets/view/row-texts.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { LoadTest } from './types.ts';

/** About so many of these words are a token each in the vocabularies of today's models. */
const WORDS =
  'river stone garden winter letter market engine window summer bridge forest candle silver doctor island record morning paper signal village'.split(
    ' ',
  );
/** Questions read at most. */
const MOST_ROWS = 2000;

/** Gives the prompt of the n-th request; no two begin alike, so that no prefix cache answers for the model. */
export type Prompts = (number: number) => string;

/** Made-up text of about `tokens` tokens. Pure. */
export function madeUpPrompt(number: number, tokens: number): string {
  // The numbers before the text take about eight of them, the request after it about twelve.
  const count = Math.max(1, tokens - 20);
  const words = Array.from({ length: count }, (_, i) => WORDS[(number * 7 + i * (1 + (number % 5))) % WORDS.length]);
  return `Text ${number}: ${words.join(' ')}.\n\nGo on with this text, as long as you can.`;
}

/** Where a test takes its prompts from. Errors: those of `openDataset`, `invalid` for a part without rows. */
export async function promptsOf(paths: WorkspacePaths, { rows, promptTokens }: LoadTest): Promise<Prompts> {
  if (!rows) return (number) => madeUpPrompt(number, promptTokens);
  const dataset = openDataset(paths, rows.dataset);
  const questions: string[] = [];
  for await (const row of dataset.rows(rows.split === 'all' ? undefined : rows.split)) {
    const [question] = rowTexts(row);
    if (question.trim() !== '') questions.push(question);
    if (questions.length >= MOST_ROWS) break;
  }
  if (questions.length === 0) {
    throw new RagtuiError('invalid', `${rows.dataset} ${rows.split} has no questions.`, 'Choose another part.');
  }
  return (number) => questions[number % questions.length] ?? '';
}
