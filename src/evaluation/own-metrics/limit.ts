import { createContext, Script } from 'node:vm';

/** A score that takes longer is missing: a loop without an end must not hold up the run. */
const LONGEST_MS = 2000;
/** After so many it is not tried any more: a run of thousands of answers would wait for hours. */
const MOST_OVERRUNS = 5;

const CALL = new Script('call()');

/**
 * The same score with a limit for each answer, ms on the clock: code is ended wherever it stands. What it throws itself
 * stays what it is. Throws what to tell of an answer that took too long, or was not tried any more.
 */
export function limited<Item, Score>(
  score: (item: Item) => Score,
  { ms = LONGEST_MS, most = MOST_OVERRUNS }: { readonly ms?: number; readonly most?: number } = {},
): (item: Item) => Score {
  const longer = `it took longer than ${ms / 1000} s`;
  // One for all answers: making it costs more than a score.
  const inside: { call: () => void } = { call: () => undefined };
  const context = createContext(inside);
  let overruns = 0;
  return (item) => {
    if (overruns >= most) throw new Error(`${longer} ${most} times, and is not tried any more`);
    let result: { readonly score: Score } | undefined;
    inside.call = () => {
      result = { score: score(item) };
    };
    try {
      CALL.runInContext(context, { timeout: ms });
    } catch (error) {
      if (!isTimeout(error)) throw error;
      overruns += 1;
      throw new Error(longer);
    }
    if (!result) throw new Error('it was not computed');
    return result.score;
  };
}

/** The error is of the inner context, so it is no `Error` of ours. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
