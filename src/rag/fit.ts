import { RagtuiError } from '../platform/errors.ts';
import type { Message } from './types.ts';

export interface FitInput {
  /** Best first. */
  readonly passages: readonly string[];
  readonly thread: readonly Message[];
  readonly build: (passages: readonly string[], thread: readonly Message[]) => Message[];
  /** Tokens of a prompt. */
  readonly count: (messages: readonly Message[]) => Promise<number>;
  /** Tokens the prompt may have. */
  readonly budget: number;
}

export interface Fitted {
  readonly messages: Message[];
  readonly promptTokens: number;
  /** What was left out, in words; '' when all fits. */
  readonly cut: string;
}

/**
 * Makes a prompt fit, by this rule: passages are dropped whole, the lowest ranked first, until one is left; then the
 * oldest turns of the thread; then the end of the last passage is cut. What was done is said in `cut`.
 * Errors: `invalid` when the question alone does not fit.
 */
export async function fitPrompt(input: FitInput): Promise<Fitted> {
  const { passages, thread, build, count, budget } = input;
  const all = build(passages, thread);
  const tokens = await count(all);
  if (tokens <= budget) return { messages: all, promptTokens: tokens, cut: '' };

  const fits = async (messages: Message[]) => (await count(messages)) <= budget;
  const kept = await largest(Math.min(1, passages.length), passages.length, (n) =>
    fits(build(passages.slice(0, n), thread)),
  );
  const some = passages.slice(0, kept ?? Math.min(1, passages.length));
  const turns = Math.floor(thread.length / 2);
  const latest = (n: number) => (n === 0 ? [] : thread.slice(-2 * n));
  const keptTurns = kept === undefined ? await largest(0, turns, (n) => fits(build(some, latest(n)))) : turns;
  const rest = latest(keptTurns ?? 0);
  const [top = ''] = some;
  const length =
    keptTurns === undefined ? await largest(0, top.length, (n) => fits(build([head(top, n)], rest))) : undefined;
  if (keptTurns === undefined && (length === undefined || passages.length === 0)) {
    throw new RagtuiError(
      'invalid',
      `The question does not fit: the prompt may have ${budget} tokens.`,
      'Ask a shorter one.',
    );
  }
  const messages = build(length === undefined ? some : [head(top, length)], rest);
  const notes = [
    some.length < passages.length ? `${passages.length - some.length} of ${passages.length} passages left out` : '',
    rest.length < thread.length ? `${turns - (keptTurns ?? 0)} earlier turns left out` : '',
    length === undefined ? '' : `the passage cut to ${length} of ${top.length} characters`,
  ];
  const cut = `${notes.filter(Boolean).join(', ')} to fit ${budget} tokens`;
  return { messages, promptTokens: await count(messages), cut };
}

/** The largest n in [low, high] for which `holds`, if larger ones never hold where a smaller one does not. */
async function largest(low: number, high: number, holds: (n: number) => Promise<boolean>): Promise<number | undefined> {
  if (!(await holds(low))) return undefined;
  let [yes, no] = [low, high + 1];
  while (no - yes > 1) {
    const middle = Math.floor((yes + no) / 2);
    if (await holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

/** The first `length` characters, never half a surrogate pair. */
function head(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const splits = length < text.length && last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splits ? length - 1 : length);
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** Tokens of a chat when nobody can count: one per CJK character, one per 3 others, 8 per message; rather too many. */
export function estimateTokens(messages: readonly Message[]): number {
  return messages.reduce((sum, { content }) => {
    const wide = content.match(WIDE)?.length ?? 0;
    return sum + 8 + wide + Math.ceil((content.length - wide) / 3);
  }, 0);
}
