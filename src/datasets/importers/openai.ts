import { isObject, type JsonObject } from '../records/types.ts';
import type { MessagesRow } from '../types.ts';
import { isText, listOf, textField } from './fields.ts';
import { readTurns, turnProblem } from './turns.ts';
import { type Importer, skipped, warning } from './types.ts';

/** OpenAI fine-tuning rows `{messages: [{role, content}]}`. */
export const openai: Importer<'sft'> = {
  format: 'openai',
  kind: 'sft',
  description: 'OpenAI messages ({"messages": [{role, content}]})',
  matches: (record) => {
    const first: unknown = listOf(record['messages'])?.[0];
    return isObject(first) && 'role' in first;
  },
  *rows(record, { line, index }) {
    const row = messagesRow(record, `row-${index}`);
    if (isText(row)) {
      yield skipped(line, `${row}.`);
      return;
    }
    if (hasWeights(record)) yield warning(line, '"weight" is not kept: every answer of it is learned.');
    yield { row };
  },
};

function messagesRow(record: JsonObject, fallbackId: string): MessagesRow | string {
  if (!listOf(record['messages'])) return 'it has no list "messages"';
  if (listOf(record['tools'])?.length || listOf(record['functions'])?.length)
    return 'it offers tools; conversations with tools are not read';
  const messages = readTurns(record['messages']);
  if (isText(messages)) return messages;
  return turnProblem(messages) ?? { form: 'messages', id: textField(record, 'id') || fallbackId, messages };
}

const hasWeights = (record: JsonObject): boolean =>
  listOf(record['messages'])?.some((turn) => isObject(turn) && turn['weight'] === 0) ?? false;
