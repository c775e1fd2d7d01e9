import { foldToWords } from '../../negatives/audit.ts';
import { parseSftPrompt, sftPrompt } from '../../render.ts';
import { isComplete, type QaRow, type SftRow } from '../../types.ts';
import { parseJsonReply } from '../parse-reply.ts';
import type { Input } from './types.ts';

/** A row that can be damaged: its input, its target, and the way back to a row. */
export interface Damageable {
  readonly input: Input;
  /** Texts of the target that stand in the input. */
  readonly kept: readonly string[];
  /** What answers the question; a passage with none of these does not. */
  readonly answers: readonly string[];
  readonly asks: boolean;
  /** The row with another input; `refusal` replaces the target. `suffix` keeps ids apart. */
  rebuild(
    input: Input,
    options: { readonly suffix: string; readonly refusal?: string; readonly did: string },
  ): QaRow | SftRow;
}

/** Undefined for a row that has no input to damage: incomplete, or a conversation without a user. */
export function damageable(row: QaRow | SftRow): Damageable | undefined {
  if (!('form' in row)) return qaRow(row);
  return row.form === 'alpaca' ? alpacaRow(row) : messagesRow(row);
}

function qaRow(row: QaRow): Damageable | undefined {
  if (!isComplete(row)) return undefined;
  const { context, question, answers } = row;
  return {
    input: { context, question },
    kept: answers.filter((answer) => context.includes(answer)),
    answers,
    asks: true,
    rebuild: (input, { suffix, refusal, did }) => ({
      ...row,
      ...input,
      id: `${row.id}${suffix}`,
      answers: refusal === undefined ? row.answers : [refusal],
      metadata: {
        ...row.metadata,
        augmentation: did,
        ...(refusal === undefined ? {} : { answerable: false }),
      },
    }),
  };
}

type Alpaca = Extract<SftRow, { form: 'alpaca' }>;
type Messages = Extract<SftRow, { form: 'messages' }>;

function alpacaRow(row: Alpaca): Damageable | undefined {
  const parsed = parseSftPrompt(row.instruction);
  const target = (refusal: string | undefined) => refusal ?? row.output;
  if (parsed && row.input === '') {
    return {
      ...about(parsed, row.output),
      rebuild: ({ context, question }, { suffix, refusal }) => ({
        ...row,
        id: `${row.id}${suffix}`,
        instruction: sftPrompt(context, question),
        output: target(refusal),
      }),
    };
  }
  const text = row.input === '' ? row.instruction : row.input;
  if (text.trim() === '') return undefined;
  return {
    ...about({ context: text, question: '' }, row.output),
    rebuild: ({ context }, { suffix }) => ({
      ...row,
      id: `${row.id}${suffix}`,
      ...(row.input === '' ? { instruction: context } : { input: context }),
    }),
  };
}

function messagesRow(row: Messages): Damageable | undefined {
  const last = row.messages.at(-1);
  const at = row.messages.findLastIndex(({ role }) => role === 'user');
  const user = row.messages[at];
  if (!user || last?.role !== 'assistant') return undefined;
  const parsed = parseSftPrompt(user.content);
  const input = parsed ?? { context: user.content, question: '' };
  return {
    ...about(input, last.content),
    rebuild: ({ context, question }, { suffix, refusal }) => {
      const content = parsed ? sftPrompt(context, question) : context;
      const messages = row.messages.map((message, index) => (index === at ? { ...message, content } : message));
      if (refusal !== undefined) messages[messages.length - 1] = { ...last, content: refusal };
      return { ...row, id: `${row.id}${suffix}`, messages };
    },
  };
}

function about(input: Input, output: string): Pick<Damageable, 'input' | 'kept' | 'answers' | 'asks'> {
  const leaves = leavesOf(output).filter((leaf) => input.context.includes(leaf));
  return { input, kept: leaves, answers: [output], asks: input.question !== '' };
}

/** The values of a JSON target, each of which the input must go on saying; the target itself when it is no JSON. */
export function leavesOf(output: string): string[] {
  const value = parseJsonReply(output);
  if (typeof value !== 'object' || value === null) return [output];
  const leaves: string[] = [];
  const walk = (one: unknown): void => {
    if (Array.isArray(one)) one.forEach(walk);
    else if (typeof one === 'object' && one !== null) Object.values(one).forEach(walk);
    else if (one !== null && String(one) !== '') leaves.push(String(one));
  };
  walk(value);
  return leaves;
}

/** Whether a passage holds none of the answers, whatever their case and width. */
export const answersNothing = (passage: string, answers: readonly string[]): boolean => {
  const folded = foldToWords(passage);
  return !answers.some((answer) => foldToWords(answer) !== '' && folded.includes(foldToWords(answer)));
};
