import { isObject, type JsonObject } from '../records/types.ts';
import type { MessagesRow } from '../types.ts';
import { isText, listOf, textField } from './fields.ts';
import { readTurns, turnProblem } from './turns.ts';
import { type Importer, skipped } from './types.ts';

/** ShareGPT rows `{conversations: [{from, value}], system?}`, with the names that their variants give to roles. */
export const sharegpt: Importer<'sft'> = {
  format: 'sharegpt',
  kind: 'sft',
  description: 'ShareGPT ({"conversations": [{from: human|gpt, value}], "system"?})',
  matches: (record) => {
    const first: unknown = turnsOf(record)?.[0];
    return isObject(first) && ('from' in first || 'role' in first);
  },
  *rows(record, { line, index }) {
    const row = conversation(record, `row-${index}`);
    yield isText(row) ? skipped(line, `${row}.`) : { row };
  },
};

const turnsOf = (record: JsonObject): readonly unknown[] | undefined =>
  listOf(record['conversations']) ?? listOf(record['conversation']);

function conversation(record: JsonObject, fallbackId: string): MessagesRow | string {
  const list = turnsOf(record);
  if (!list) return 'it has no list "conversations"';
  const tools = record['tools'];
  if (isText(tools) ? !['', '[]'].includes(tools.trim()) : listOf(tools)?.length)
    return 'it offers tools; conversations with tools are not read';
  const turns = readTurns(list);
  if (isText(turns)) return turns;
  const messages = withSystem(turns, record['system']);
  return turnProblem(messages) ?? { form: 'messages', id: textField(record, 'id') || fallbackId, messages };
}

/** A system text beside the conversation comes first, unless the conversation has its own. */
export function withSystem(turns: MessagesRow['messages'], system: unknown): MessagesRow['messages'] {
  return isText(system) && turns[0]?.role !== 'system' ? [{ role: 'system', content: system }, ...turns] : turns;
}
