import { folded } from './folded.ts';
import type { Metric } from './types.ts';

/**
 * The share of the output that is its longest run of characters (white space aside) which also stands in what was read.
 * 1 = copied whole, like `verbatim`; an empty output has no share to copy and scores 0.
 */
export const copiedRun: Metric = {
  name: 'copied-run',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'Whether the copied words answer the question; and two copied pieces count as the longer one alone.',
  score: ({ output, context }) => {
    if (output === null || context === null) return null;
    const given = [...folded(output).replaceAll(' ', '')];
    if (given.length === 0) return 0;
    return longestRunIn(given, folded(context).replaceAll(' ', '')) / given.length;
  },
};

/** Characters of the longest run of `text` that occurs in `passage`: a window that only ever grows. */
function longestRunIn(text: readonly string[], passage: string): number {
  let longest = 0;
  for (let start = 0; start + longest < text.length; start += 1) {
    while (start + longest < text.length && passage.includes(text.slice(start, start + longest + 1).join(''))) {
      longest += 1;
    }
  }
  return longest;
}
