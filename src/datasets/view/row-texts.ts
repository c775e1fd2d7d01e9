import type { DatasetRow } from '../types.ts';

/** A row in two texts, whatever its kind: what is asked, and what is to be said. Pure. */
export function rowTexts(row: DatasetRow): readonly [question: string, answer: string] {
  if ('question' in row) return [row.question, row.answers[0] ?? ''];
  if ('query' in row) return [row.query, row.pos[0] ?? ''];
  if ('chosen' in row) return [row.messages.findLast(({ role }) => role === 'user')?.content ?? '', row.chosen];
  if (row.form === 'alpaca') return [row.instruction, row.output];
  const last = row.messages.findLast(({ role }) => role === 'assistant');
  return [row.messages.findLast(({ role }) => role === 'user')?.content ?? '', last?.content ?? ''];
}

/** What a row can be searched and sorted by. Pure. */
export function rowField(row: DatasetRow, field: string): string {
  const [question, answer] = rowTexts(row);
  if (field === 'question') return question;
  if (field === 'answer') return answer;
  const value = Object.entries(row).find(([name]) => name === field)?.[1];
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}
