import type { Knee, Level } from './types.ts';

/** A level counts when it brings so much more than the best one below it. */
export const RISE = 1.1;
/** A level with more errors than this share is none a server can take. */
export const MOST_ERRORS = 0.05;

/** What is compared: tokens written a second, or requests where no tokens were told. */
export const throughputOf = ({ tokensPerSecond, requestsPerSecond }: Level): number =>
  tokensPerSecond > 0 ? tokensPerSecond : requestsPerSecond;

/**
 * Where more requests at a time stop paying: the last level whose throughput is at least ten per cent above the best of
 * all lower ones, levels with more than five per cent errors left out. Null without a level that worked. Pure.
 */
export function kneeOf(levels: readonly Level[]): Knee | null {
  const worked = levels
    .filter(({ requests, errors }) => requests > 0 && errors / requests <= MOST_ERRORS)
    .toSorted((a, b) => a.concurrency - b.concurrency);
  const first = worked[0];
  if (!first) return null;
  let best = throughputOf(first);
  let knee = first;
  for (const level of worked.slice(1)) {
    const now = throughputOf(level);
    if (best === 0 ? now > 0 : now / best >= RISE) knee = level;
    best = Math.max(best, now);
  }
  const highest = Math.max(...levels.map(({ concurrency }) => concurrency));
  return { concurrency: knee.concurrency, rising: worked.length > 1 && knee.concurrency === highest };
}
