import type { AnyDataset } from '../open.ts';
import { toMessages } from '../render.ts';
import type { DatasetRow } from '../types.ts';
import { rowsOf } from './jsonl.ts';

/** What a cell of a table holds: a text, texts, anything else as `value`, or nothing. */
export type Cell = string | readonly string[] | { readonly value: unknown } | null;

export interface TableColumn {
  readonly name: string;
  /** `turns`: a list of `{role, content}`; `pairs`: a list of lists of texts; `json`: whatever JSON can hold. */
  readonly type: 'text' | 'texts' | 'turns' | 'pairs' | 'json';
}

/** A dataset as a table: its columns, and what a row has in each. */
export interface TableShape {
  readonly columns: readonly TableColumn[];
  cells(row: DatasetRow): Readonly<Record<string, Cell>>;
}

const text = (name: string): TableColumn => ({ name, type: 'text' });
const texts = (name: string): TableColumn => ({ name, type: 'texts' });
const METADATA: TableColumn = { name: 'metadata', type: 'json' };
const MESSAGES: TableColumn = { name: 'messages', type: 'turns' };
const HISTORY: TableColumn = { name: 'history', type: 'pairs' };

/** The table of a part. Training rows of both forms in one part all become messages. */
export async function tableShape(dataset: AnyDataset, part: string | undefined): Promise<TableShape> {
  const messages = dataset.kind === 'sft' && (await hasMessages(dataset, part));
  const columns = {
    qa: [text('id'), text('contextId'), text('question'), texts('answers'), text('context'), METADATA],
    sft: messages
      ? [text('form'), text('id'), MESSAGES]
      : [text('form'), text('id'), ...['instruction', 'input', 'output', 'system'].map(text), HISTORY],
    retrieval: [text('query'), texts('pos'), texts('neg'), text('prompt')],
    preference: [text('id'), MESSAGES, text('chosen'), text('rejected')],
  }[dataset.kind];
  return { columns, cells: (row) => cellsOf(row, messages) };
}

async function hasMessages(dataset: AnyDataset, part: string | undefined): Promise<boolean> {
  for await (const row of rowsOf(dataset, part)) if ('form' in row && row.form === 'messages') return true;
  return false;
}

function cellsOf(row: DatasetRow, asMessages: boolean): Readonly<Record<string, Cell>> {
  if ('form' in row) {
    if (asMessages) return { form: 'messages', id: row.id, messages: { value: toMessages(row, null) } };
    if (row.form === 'messages') return {};
    const { form, id, instruction, input, output, system, history } = row;
    return { form, id, instruction, input, output, system: system ?? null, history: { value: history } };
  }
  if ('query' in row) {
    const { pos_scores, neg_scores, ...rest } = row;
    const scores =
      pos_scores && neg_scores ? { pos_scores: { value: pos_scores }, neg_scores: { value: neg_scores } } : {};
    return { ...rest, prompt: row.prompt ?? null, ...scores };
  }
  if ('chosen' in row) return { ...row, messages: { value: row.messages } };
  return { ...row, metadata: { value: row.metadata } };
}
