import { isObject, type JsonObject } from '../records/types.ts';
import type { MessagesRow, PreferenceRow } from '../types.ts';
import { historyOf } from './alpaca.ts';
import { isText, listOf, textField } from './fields.ts';
import { withSystem } from './sharegpt.ts';
import { readTurn, readTurns, turnProblem } from './turns.ts';
import { type Importer, skipped } from './types.ts';

type Messages = MessagesRow['messages'];
interface Judged {
  readonly messages: Messages;
  readonly chosen: string;
  readonly rejected: string;
}

/**
 * Pairs of answers, of which one is better: LLaMA-Factory's ranking rows (Alpaca or ShareGPT with `chosen` and
 * `rejected`), OpenAI's (`input`, `preferred_output`, `non_preferred_output`) and TRL's (`prompt`, `chosen`,
 * `rejected`, as texts or as turns, also with the prompt only inside both).
 */
export const preference: Importer<'preference'> = {
  format: 'preference',
  kind: 'preference',
  description: 'preference pairs (chosen/rejected with a prompt, instruction or conversation; OpenAI preferred_output)',
  matches: (record) =>
    ('chosen' in record && 'rejected' in record) || ('preferred_output' in record && 'non_preferred_output' in record),
  *rows(record, { line, index }) {
    const read = 'preferred_output' in record ? openaiPair(record) : pairOf(record);
    const row = isText(read) ? read : checked(read, textField(record, 'id') || `row-${index}`);
    yield isText(row) ? skipped(line, `${row}.`) : { row };
  },
};

function checked({ messages, chosen, rejected }: Judged, id: string): PreferenceRow | string {
  if (chosen.trim() === '') return 'its better answer is empty';
  if (chosen === rejected) return 'both answers are the same';
  return turnProblem(messages, 'user') ?? { id, messages, chosen, rejected };
}

function openaiPair(record: JsonObject): Judged | string {
  const input = record['input'];
  const messages = readTurns(isObject(input) ? input['messages'] : input);
  if (isText(messages)) return messages;
  const chosen = answerOf(record['preferred_output']);
  const rejected = answerOf(record['non_preferred_output']);
  if (chosen === undefined || rejected === undefined) return 'an answer of it is not one turn of the assistant';
  return { messages, chosen, rejected };
}

/** A text, one turn of the assistant, or a list of just that. */
function answerOf(value: unknown): string | undefined {
  if (isText(value)) return value;
  const turn = readTurn(Array.isArray(value) && value.length === 1 ? value[0] : value, 1);
  return !isText(turn) && turn.role === 'assistant' ? turn.content : undefined;
}

function pairOf(record: JsonObject): Judged | string {
  const whole = wholeConversations(record);
  if (whole) return whole;
  const chosen = answerOf(record['chosen']);
  const rejected = answerOf(record['rejected']);
  if (chosen === undefined || rejected === undefined)
    return '"chosen" and "rejected" are not both a text or a turn of the assistant';
  const messages = promptOf(record);
  return isText(messages) ? messages : { messages, chosen, rejected };
}

/** TRL's implicit prompt: both are conversations that differ in their last turn. */
function wholeConversations(record: JsonObject): Judged | string | undefined {
  const lists = [listOf(record['chosen']), listOf(record['rejected'])];
  if (lists.some((list) => !list || list.length < 2)) return undefined;
  const [better, worse] = lists.map(readTurns);
  if (better === undefined || worse === undefined) return undefined;
  if (isText(better)) return better;
  if (isText(worse)) return worse;
  const [chosen, rejected] = [better.at(-1), worse.at(-1)];
  const messages = better.slice(0, -1);
  if (JSON.stringify(messages) !== JSON.stringify(worse.slice(0, -1)))
    return 'its two conversations differ before their last turn';
  if (chosen?.role !== 'assistant' || rejected?.role !== 'assistant') return 'an answer of it is not of the assistant';
  return {
    messages: withSystem(messages, record['system']),
    chosen: chosen.content,
    rejected: rejected.content,
  };
}

function promptOf(record: JsonObject): Messages | string {
  const { system } = record;
  const conversation = listOf(record['conversations']) ?? listOf(record['prompt']) ?? listOf(record['messages']);
  if (conversation) {
    const turns = readTurns(conversation);
    return isText(turns) ? turns : withSystem(turns, system);
  }
  const prompt = record['instruction'] ?? record['prompt'] ?? record['question'];
  if (!isText(prompt)) return 'it has no prompt (prompt, instruction, question or conversations)';
  const input = record['input'] ?? '';
  if (!isText(input)) return '"input" is not text';
  const history = historyOf(record['history'] ?? []);
  if (!history) return '"history" is not a list of [user, assistant] pairs';
  const earlier = history.flatMap(
    ([user, assistant]): Messages => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ],
  );
  const content = [prompt, input].filter((part) => part !== '').join('\n');
  return withSystem([...earlier, { role: 'user', content }], system);
}
