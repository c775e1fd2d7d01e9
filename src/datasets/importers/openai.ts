import type { MessagesRow } from '../types.ts';
import { asObject, type JsonObject, parseObject, textField } from './fields.ts';
import { jsonRows } from './json-elements.ts';
import { type Importer, skipped } from './types.ts';

/** OpenAI fine-tuning rows `{messages: [{role, content}]}`, as JSON lines or a JSON list. */
export const openai: Importer<'sft'> = {
  format: 'openai',
  kind: 'sft',
  description: 'OpenAI messages, JSON lines ({"messages": [{role, content}]})',
  async *read(source) {
    let number = 0;
    for await (const element of jsonRows(source.text)) {
      const object = parseObject(element);
      const row = typeof object === 'string' ? object : messagesRow(object, `row-${number}`);
      number++;
      yield typeof row === 'string' ? skipped(element.line, `${row}.`) : { row };
    }
  },
};

function messagesRow(object: JsonObject, fallbackId: string): MessagesRow | string {
  const list = object['messages'];
  if (!Array.isArray(list)) return 'it has no list "messages"';
  const messages: MessagesRow['messages'] = [];
  for (const [index, value] of list.entries()) {
    const message = asObject(value);
    const role = message?.['role'];
    const content = message?.['content'];
    if (role !== 'system' && role !== 'user' && role !== 'assistant') {
      return `message ${index + 1} has the role ${JSON.stringify(role)}; system, user and assistant are read`;
    }
    if (typeof content !== 'string') return `message ${index + 1} (${role}) has no text`;
    messages.push({ role, content });
  }
  return turnProblem(messages) ?? { form: 'messages', id: textField(object, 'id') || fallbackId, messages };
}

/** Engines drop a conversation silently when its turns do not alternate: user first, assistant last. */
function turnProblem(messages: MessagesRow['messages']): string | undefined {
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages;
  for (const [index, { role }] of turns.entries()) {
    const expected = index % 2 === 0 ? 'user' : 'assistant';
    const place = index + 1 + messages.length - turns.length;
    if (role !== expected) return `message ${place} is of ${role}, where ${expected} speaks`;
  }
  if (turns.length === 0 || turns.length % 2 !== 0) return 'it does not end with an answer of the assistant';
  return undefined;
}
