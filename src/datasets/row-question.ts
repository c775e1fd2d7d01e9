import { parseSftPrompt } from './render.ts';
import type { DatasetRow } from './types.ts';

export interface RowQuestion {
  readonly question: string;
  readonly references: readonly string[];
  readonly passage: string;
  /** `sft`: the row asks by the tutorial's prompt; what stands in it is told apart. */
  readonly written: 'sft' | 'plain';
}

/** What a row of any kind asks, the answers known to be right, and the text they stand in. Pure. */
export function questionOf(row: DatasetRow): RowQuestion {
  if ('question' in row) {
    return { question: row.question.trim(), references: right(row.answers), passage: row.context, written: 'sft' };
  }
  if ('query' in row) {
    return { question: row.query.trim(), references: [], passage: row.pos[0] ?? '', written: 'plain' };
  }
  if ('chosen' in row) return asked(lastOf(row.messages, 'user'), row.chosen);
  if (row.form === 'alpaca') return asked([row.instruction, row.input].filter(Boolean).join('\n'), row.output);
  return asked(lastOf(row.messages, 'user'), lastOf(row.messages, 'assistant').trim());
}

function asked(text: string, answer: string): RowQuestion {
  const references = right([answer]);
  // Rows that were trimmed on their way have lost its last line end.
  const found = parseSftPrompt(text) ?? parseSftPrompt(`${text}\n`);
  if (!found) return { question: text.trim(), references, passage: '', written: 'plain' };
  return { question: found.question.trim(), references, passage: found.context, written: 'sft' };
}

const right = (answers: readonly string[]): readonly string[] => answers.filter((answer) => answer.trim() !== '');

const lastOf = (messages: readonly { readonly role: string; readonly content: string }[], role: string): string =>
  messages.findLast((message) => message.role === role)?.content ?? '';
