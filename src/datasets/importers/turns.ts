import { isObject } from '../records/types.ts';
import type { MessagesRow } from '../types.ts';
import { isText, listOf } from './fields.ts';

type Messages = MessagesRow['messages'];
type Role = Messages[number]['role'];

/** What the roles are called in OpenAI's and in ShareGPT's files. */
const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  bot: 'assistant',
  model: 'assistant',
};

/**
 * A list of turns in OpenAI's form (`role`, `content`) or ShareGPT's (`from`, `value`), or in a few words why it cannot
 * be read. Tools are refused: leaving them out would teach a model to answer without them.
 */
export function readTurns(value: unknown): Messages | string {
  const list = listOf(value);
  if (!list) return 'it has no list of turns';
  const messages: Messages = [];
  for (const [index, turn] of list.entries()) {
    const read = readTurn(turn, index + 1);
    if (isText(read)) return read;
    messages.push(read);
  }
  return messages;
}

/** One turn, or why not. `number` is for the message, from 1. */
export function readTurn(value: unknown, number: number): Messages[number] | string {
  const turn = isObject(value) ? value : {};
  const said = turn['role'] ?? turn['from'];
  const role = isText(said) && Object.hasOwn(ROLES, said.toLowerCase()) ? ROLES[said.toLowerCase()] : undefined;
  if (!role) {
    const tool = isText(said) && /tool|function|observation|ipython/.test(said);
    const why = tool ? 'conversations with tools are not read' : 'system, user and assistant are read';
    return `message ${number} has the role ${JSON.stringify(said)}; ${why}`;
  }
  if (turn['tool_calls'] || turn['function_call'])
    return `message ${number} calls a tool; conversations with tools are not read`;
  const content = contentOf(turn['content'] ?? turn['value'] ?? turn['text']);
  return content === undefined ? `message ${number} (${role}) has no text` : { role, content };
}

/** Text, or OpenAI's list of parts when all of them are text. */
function contentOf(value: unknown): string | undefined {
  if (isText(value)) return value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const parts = value.map((part) => (isObject(part) && part['type'] === 'text' ? part['text'] : undefined));
  return parts.every(isText) ? parts.join('') : undefined;
}

/** Engines drop a conversation silently when its turns do not alternate: user first, assistant last. */
export function turnProblem(messages: Messages, last: 'assistant' | 'user' = 'assistant'): string | undefined {
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages;
  for (const [index, { role }] of turns.entries()) {
    const expected = index % 2 === 0 ? 'user' : 'assistant';
    const place = index + 1 + messages.length - turns.length;
    if (role !== expected) return `message ${place} is of ${role}, where ${expected} speaks`;
  }
  if (turns.length === 0 || turns.at(-1)?.role !== last) {
    return last === 'assistant'
      ? 'it does not end with an answer of the assistant'
      : 'its prompt does not end with a turn of the user';
  }
  return undefined;
}
