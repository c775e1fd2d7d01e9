import { RagtuiError } from '../platform/errors.ts';
import { type AlpacaRow, type DatasetRow, isComplete, type MessagesRow, type QaRow, type SftRow } from './types.ts';

/** System text of training and serving (design §7). */
export const SFT_SYSTEM = 'You are a helpful assistant.';

/** The tutorial's prompt of fine-tuning and of evaluation with the gold passage, byte for byte (design §7). */
export function sftPrompt(context: string, question: string): string {
  return `请用下面的文段的原文来回答问题\n\n### 已知文段：${context}\n\n### 问题：${question}\n`;
}

/** The way back from `sftPrompt`; the question begins at the last mark. Undefined for any other text. */
export function parseSftPrompt(text: string): { context: string; question: string } | undefined {
  const found = /^请用下面的文段的原文来回答问题\n\n### 已知文段：([\s\S]*)\n\n### 问题：([\s\S]*)\n$/.exec(text);
  return found ? { context: found[1] ?? '', question: found[2] ?? '' } : undefined;
}

/** A question as a training row: prompt as instruction, empty input, first answer as output. Undefined when incomplete. */
export function qaToAlpaca(row: QaRow): AlpacaRow | undefined {
  const [output] = row.answers;
  if (output === undefined || !isComplete(row)) return undefined;
  return {
    form: 'alpaca',
    id: row.id,
    system: SFT_SYSTEM,
    history: [],
    instruction: sftPrompt(row.context, row.question),
    input: '',
    output,
  };
}

/**
 * The same conversation as messages. A row without a system text gets `system`, because engines put in their own; null:
 * it stays without one.
 */
export function toMessages(row: SftRow, system: string | null = SFT_SYSTEM): MessagesRow['messages'] {
  if (row.form === 'messages') return withSystem(row.messages, system);
  const earlier = row.history.flatMap(([user, assistant]): MessagesRow['messages'] => [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]);
  const turns: MessagesRow['messages'] = [
    ...earlier,
    { role: 'user', content: userTurn(row) },
    { role: 'assistant', content: row.output },
  ];
  return withSystem(row.system === undefined ? turns : [{ role: 'system', content: row.system }, ...turns], system);
}

/** Messages that begin with a system text: their own, else `system`; null adds none. */
export function withSystem(
  messages: MessagesRow['messages'],
  system: string | null = SFT_SYSTEM,
): MessagesRow['messages'] {
  return system === null || messages[0]?.role === 'system'
    ? messages
    : [{ role: 'system', content: system }, ...messages];
}

/** The way back from `toMessages(row, null)`: the last question as instruction, an empty input, earlier turns as history. */
export function messagesToAlpaca({ id, messages }: MessagesRow): AlpacaRow {
  const [first] = messages;
  const turns = first?.role === 'system' ? messages.slice(1) : messages;
  const history: [string, string][] = [];
  for (let at = 0; at + 3 < turns.length; at += 2)
    history.push([turns[at]?.content ?? '', turns[at + 1]?.content ?? '']);
  return {
    form: 'alpaca',
    id,
    ...(first?.role === 'system' ? { system: first.content } : {}),
    history,
    instruction: turns.at(-2)?.content ?? '',
    input: '',
    output: turns.at(-1)?.content ?? '',
  };
}

/** As LLaMA-Factory joins them: a newline between instruction and input when both are there. */
function userTurn({ instruction, input }: AlpacaRow): string {
  return [instruction, input].filter((part) => part !== '').join('\n');
}

/** A row as the model sees it in training. Errors: `invalid` for an incomplete row, `unsupported` for a retrieval row. */
export function renderRow(row: DatasetRow, number: number): MessagesRow['messages'] {
  if ('form' in row) return toMessages(row);
  if ('query' in row)
    throw new RagtuiError(
      'unsupported',
      `Row ${number} is a retrieval row: an embedder is trained on it, which has no prompt.`,
      'See it with "ragtui dataset show NAME --row N".',
    );
  if ('chosen' in row) return [...withSystem(row.messages), { role: 'assistant', content: row.chosen }];
  const rendered = qaToAlpaca(row);
  if (rendered) return toMessages(rendered);
  throw new RagtuiError(
    'invalid',
    `Row ${number} is incomplete, so nothing is trained on it.`,
    'See it with "ragtui dataset show NAME --row N".',
  );
}
