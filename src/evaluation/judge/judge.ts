import type { Column } from '../../rag/types.ts';
import { isFailure } from '../item-state.ts';
import { clampedCosine } from '../metrics/cosine.ts';
import type { EvaluationItem } from '../plan.ts';
import type { ItemResult } from '../types.ts';
import { LOSS, meanOf, preferenceOf, shareOf, TIE, WIN } from './aggregate.ts';
import type { Replied } from './client.ts';
import { judgedOf } from './layer.ts';
import {
  checkRequest,
  guessRequest,
  type JudgeRequest,
  languageOf,
  type PromptLanguage,
  preferRequest,
  QUESTIONS,
  splitRequest,
} from './prompts.ts';
import { readGuesses, readPreferred, readStatements, readVerdicts } from './read-reply.ts';
import type { JudgeMetric, Judgement } from './types.ts';

export interface JudgeParts {
  readonly ask: (request: JudgeRequest) => Promise<Replied>;
  /** The vector of a question, for `answer-relevance`. */
  readonly vector: (text: string) => Promise<Float32Array>;
  readonly basis: string;
}

/** One finished item of a column, with what it was asked about. */
export interface Judged {
  readonly column: Column;
  readonly item: EvaluationItem;
  readonly result: ItemResult;
}

type Found = Pick<Judgement, 'state' | 'score'> & Partial<Pick<Judgement, 'parts' | 'why'>>;

/** Whether a metric says anything about a column: retrieval alone has no answer to judge. Pure. */
export function judgeable(metric: JudgeMetric, { llm, context }: Column): boolean {
  if (metric === 'judge-context-recall') return context !== 'none';
  return llm !== 'none' && (metric !== 'faithfulness' || context !== 'none');
}

/** Judges one answer by one metric; undefined when there is no answer that came. Errors: those of `ask` and `vector`. */
export async function judgeAnswer(
  parts: JudgeParts,
  metric: Exclude<JudgeMetric, 'preference'>,
  judged: Judged,
): Promise<Judgement | undefined> {
  const { column, item, result } = judged;
  if (isFailure(result)) return undefined;
  const language = languageOf(item.question);
  const found = await answerJudged(parts, metric, language, judged);
  return judgement(parts, metric, column.name, item, judgedOf(result), language, found);
}

function answerJudged(
  parts: JudgeParts,
  metric: Exclude<JudgeMetric, 'preference'>,
  language: PromptLanguage,
  { column, item, result }: Judged,
): Promise<Found> {
  const context = contextOf(column, item, result);
  const output = result.output ?? '';
  switch (metric) {
    case 'faithfulness':
      return supported(parts, language, { question: item.question, text: output, context });
    case 'judge-context-recall':
      return supported(parts, language, { question: item.question, text: item.answers[0] ?? '', context });
    case 'answer-relevance':
      return relevance(parts, language, item.question, output);
  }
}

const NOTHING: Found = { state: 'nothing', score: null };

/** What the column read, or without an LLM would have handed on. */
function contextOf(column: Column, item: EvaluationItem, { retrieved }: ItemResult): string {
  if (column.context === 'gold') return item.context;
  return (retrieved ?? [])
    .slice(0, column.topK)
    .map(({ text }) => text)
    .join('\n');
}

/** The share of a text's statements that the context supports. */
async function supported(
  { ask }: JudgeParts,
  language: PromptLanguage,
  { question, text, context }: { readonly question: string; readonly text: string; readonly context: string },
): Promise<Found> {
  if (text.trim() === '') return NOTHING;
  const split = await read(ask, splitRequest(language, question, text), readStatements);
  if ('missing' in split) return split.missing;
  const statements = split.value;
  // Nothing was read that could support a statement.
  if (context.trim() === '') return { state: 'scored', score: 0, parts: { statements } };
  const check = await read(ask, checkRequest(language, context, statements), (reply) =>
    readVerdicts(reply, statements.length),
  );
  if ('missing' in check) return { ...check.missing, parts: { statements } };
  return { state: 'scored', score: shareOf(check.value), parts: { statements, verdicts: check.value } };
}

/** The mean cosine of the question and those that the judge takes the answer to be one to; 0 for an empty answer. */
async function relevance(
  { ask, vector }: JudgeParts,
  language: PromptLanguage,
  question: string,
  output: string,
): Promise<Found> {
  if (output.trim() === '') return { state: 'scored', score: 0 };
  const guessed = await read(ask, guessRequest(language, output), (reply) => readGuesses(reply, QUESTIONS));
  if ('missing' in guessed) return guessed.missing;
  const asked = await vector(question);
  const cosines: number[] = [];
  for (const guess of guessed.value) cosines.push(clampedCosine(asked, await vector(guess)));
  return { state: 'scored', score: meanOf(cosines), parts: { questions: guessed.value, cosines } };
}

/**
 * Whether a column's answer is preferred to the base column's, asked in both orders. What needs no judge is decided
 * without one: the same answer twice is a tie, an answer beats none. Errors: those of `ask`.
 */
export async function judgePair(parts: JudgeParts, base: Judged, other: Judged): Promise<Judgement> {
  const { item } = other;
  const language = languageOf(item.question);
  const found = await pairJudged(parts, language, base, other);
  return judgement(parts, 'preference', other.column.name, item, judgedOf(base.result, other.result), language, found);
}

async function pairJudged(
  { ask }: JudgeParts,
  language: PromptLanguage,
  base: Judged,
  { item, result }: Judged,
): Promise<Found> {
  const [ofBase, ofOther] = [said(base.result), said(result)];
  if (ofBase === '' || ofOther === '') {
    const score = ofBase === ofOther ? TIE : ofBase === '' ? WIN : LOSS;
    return { state: 'scored', score, parts: { decided: 'no-answer' } };
  }
  if (ofBase === ofOther) return { state: 'scored', score: TIE, parts: { decided: 'same' } };
  const asked = { question: item.question, passage: item.context };
  const baseFirst = await read(ask, preferRequest(language, asked, ofBase, ofOther), readPreferred);
  if ('missing' in baseFirst) return baseFirst.missing;
  const baseLast = await read(ask, preferRequest(language, asked, ofOther, ofBase), readPreferred);
  if ('missing' in baseLast) return baseLast.missing;
  const orders: [typeof baseFirst.value, typeof baseLast.value] = [baseFirst.value, baseLast.value];
  return { state: 'scored', score: preferenceOf(orders), parts: { orders } };
}

const said = ({ output }: ItemResult): string => (output ?? '').trim();

/** Asks and reads; what cannot be read is missing, also a reply that was cut at its longest length. */
async function read<T>(
  ask: JudgeParts['ask'],
  request: JudgeRequest,
  reader: (reply: string) => T | undefined,
): Promise<{ readonly value: T } | { readonly missing: Found }> {
  const said = await ask(request);
  if ('failed' in said) return { missing: { state: 'failed', score: null, why: said.failed } };
  const { text, finish } = said.reply;
  const value = finish === 'stop' ? reader(text) : undefined;
  if (value !== undefined) return { value };
  const why =
    finish === 'length'
      ? 'the reply was cut at its longest length'
      : finish === 'filtered'
        ? 'a filter cut the reply'
        : `not what was asked for: ${text.slice(0, SHOWN)}`;
  return { missing: { state: 'unparseable', score: null, why } };
}

const SHOWN = 200;

function judgement(
  { basis }: JudgeParts,
  metric: JudgeMetric,
  column: string,
  item: EvaluationItem,
  of: string,
  language: PromptLanguage,
  { state, score, parts = {}, why = '' }: Found,
): Judgement {
  return { v: 1, basis, metric, column, item: item.id, of, state, score, language, parts, why };
}
