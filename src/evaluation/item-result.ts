import type { Outcome } from './outcome.ts';
import type { EvaluationItem } from './plan.ts';
import type { ItemResult } from './types.ts';

/** What came of one question and column, before it is a line of the log. */
export interface Finished {
  readonly column: string;
  readonly place: number;
  readonly key: string;
  readonly outcome: Outcome;
  readonly scores: ItemResult['scores'];
  readonly missed: NonNullable<ItemResult['missed']>;
  /** Of an earlier run, whose answer this is. */
  readonly reused: ItemResult | undefined;
}

/** The line of the log for it. Pure. */
export function itemResult(
  { id, contextId, content, question, answers }: EvaluationItem,
  { column, place, key, outcome, scores, missed, reused }: Finished,
): ItemResult {
  const { answerKey, state, output, finish, error, retrieved, cut, usage, cost, timing } = outcome;
  return {
    v: 1,
    column,
    item: id,
    place,
    content,
    contextId,
    answerKey,
    key,
    question,
    answers: [...answers],
    state,
    output,
    finish,
    error,
    retrieved,
    cut,
    scores,
    usage,
    timing,
    ...(cost ? { cost } : {}),
    ...(Object.keys(missed).length > 0 ? { missed } : {}),
    ...(reused?.reusedFrom === undefined ? {} : { reusedFrom: reused.reusedFrom }),
  };
}
