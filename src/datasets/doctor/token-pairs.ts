import { qaToAlpaca, toMessages } from '../render.ts';
import type { DatasetRow, MessagesRow } from '../types.ts';
import type { TargetModel } from './target-model.ts';

type Messages = MessagesRow['messages'];

/** Tokens of what a model reads before it answers, and of its answer; one pair for each turn. */
export interface TokenPair {
  readonly source: number;
  readonly target: number;
}

/**
 * The lengths of a row in the model's own tokens, turn by turn, as LLaMA-Factory counts them: everything up to the
 * answer is one text, the answer with its end another. An empty system text is the template's own there, as in the
 * engine. Nothing for a row that is not trained on.
 */
export function tokenPairs(row: DatasetRow, { tokenizer, render }: TargetModel): TokenPair[] {
  const messages = conversationOf(row)?.filter(({ role, content }) => role !== 'system' || content !== '');
  if (!messages || !render) return [];
  const pairs: TokenPair[] = [];
  let before = '';
  for (const [at, { role }] of messages.entries()) {
    if (role !== 'assistant') continue;
    const asked = render(messages.slice(0, at), true);
    const answered = render(messages.slice(0, at + 1), false);
    // A template that rewrites earlier turns cannot be cut at them: the turn is then counted as a whole.
    const source = asked.startsWith(before) ? asked.slice(before.length) : asked;
    const target = answered.startsWith(asked) ? answered.slice(asked.length) : (messages[at]?.content ?? '');
    pairs.push({ source: tokenizer.count(source), target: tokenizer.count(target) });
    before = answered;
  }
  return pairs;
}

function conversationOf(row: DatasetRow): Messages | undefined {
  if ('query' in row) return undefined;
  if ('chosen' in row) return [...row.messages, { role: 'assistant', content: longer(row.chosen, row.rejected) }];
  if ('form' in row) return toMessages(row);
  const rendered = qaToAlpaca(row);
  return rendered && toMessages(rendered);
}

/** LLaMA-Factory makes room for the longer one of both answers. */
const longer = (a: string, b: string): string => (a.length >= b.length ? a : b);

/** What a cutoff leaves of a row. */
export interface Cut {
  /** Tokens that are trained on or read. */
  readonly kept: number;
  /** Tokens of answers that are gone. */
  readonly answerLost: number;
}

/**
 * LLaMA-Factory 0.9.5's truncation (`SupervisedDatasetProcessor._encode_data_example`, `infer_seqlen`): turns in order
 * until the cutoff is reached, in each the longer side gives way first; what comes after is gone.
 */
export function cutPairs(pairs: readonly TokenPair[], cutoff: number): Cut {
  let kept = 0;
  let answerLost = 0;
  for (const { source, target } of pairs) {
    const room = cutoff - kept;
    if (room <= 0) {
      answerLost += target;
      continue;
    }
    const [keptSource, keptTarget] = shares(source, target, room);
    kept += keptSource + keptTarget;
    answerLost += target - keptTarget;
  }
  return { kept, answerLost };
}

function shares(source: number, target: number, room: number): [source: number, target: number] {
  const most =
    target * 2 < room ? room : source * 2 < room ? room - source : Math.trunc(room * (target / (source + target)));
  const keptTarget = Math.min(most, target);
  return [Math.min(Math.max(room - keptTarget, 0), source), keptTarget];
}
