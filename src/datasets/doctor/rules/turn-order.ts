import type { MessagesRow } from '../../types.ts';
import { type Found, rowRule } from '../rule.ts';

type Message = MessagesRow['messages'][number];

/** Conversations that are not: [system,] user, assistant, user, assistant … */
export const turnOrder = rowRule(
  {
    id: 'turn-order',
    version: 1,
    title: 'Turns out of order',
    why: 'LLaMA-Factory warns in its log and then leaves out every conversation whose turns do not alternate, user first and assistant last.',
    severity: 'error',
    kinds: ['sft', 'preference'],
  },
  function* ({ number, row }) {
    if (!('messages' in row)) return;
    const endsWith = 'chosen' in row ? 'user' : 'assistant';
    const problem = turnProblem(row.messages, endsWith);
    if (problem) yield { row: number, message: `${problem}.`, ...mending(row.messages, endsWith) };
  },
);

/** What is wrong with the order of turns, in words; undefined when nothing is. */
export function turnProblem(messages: readonly Message[], endsWith: 'user' | 'assistant'): string | undefined {
  const skip = messages[0]?.role === 'system' ? 1 : 0;
  const turns = messages.slice(skip);
  for (const [at, { role }] of turns.entries()) {
    const expected = at % 2 === 0 ? 'user' : 'assistant';
    if (role === expected) continue;
    if (role === 'system') return `Message ${at + skip + 1} is a system text in the middle of the conversation`;
    return `Message ${at + skip + 1} is of the ${role}, where the ${expected} should speak`;
  }
  if (turns.length === 0) return 'There is no turn of a user';
  const last = turns.at(-1)?.role;
  if (last === endsWith) return undefined;
  return endsWith === 'assistant'
    ? 'It ends with the user: there is no answer to learn'
    : 'It ends with the assistant, where the prompt should end with the user';
}

/** Neighbours of one speaker become one turn, and what is left over at either end goes; if nothing is left, the row goes. */
function mending(messages: readonly Message[], endsWith: 'user' | 'assistant'): Pick<Found, 'advice' | 'fix'> {
  const mended: Message[] = [];
  const systems = messages.filter(({ role }) => role === 'system');
  for (const message of messages) {
    const last = mended.at(-1);
    if (message.role === 'system' || (!last && message.role === 'assistant')) continue;
    if (last?.role === message.role)
      mended[mended.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` };
    else mended.push(message);
  }
  if (mended.at(-1)?.role !== endsWith) mended.pop();
  const opening =
    systems.length === 0 ? [] : [{ role: 'system' as const, content: systems.map((one) => one.content).join('\n\n') }];
  const whole = [...opening, ...mended];
  if (turnProblem(whole, endsWith))
    return { advice: 'Drop the row: no question with an answer is left in it.', fix: { kind: 'drop-row' } };
  return {
    advice: 'Join neighbours of one speaker, put the system text first, and cut off a turn without an answer.',
    fix: { kind: 'set', path: 'messages', from: messages, to: whole },
  };
}
