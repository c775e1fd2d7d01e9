import { cmrcSegments, longestCommonRun } from './cmrc.ts';
import type { Metric } from './types.ts';

/**
 * F1 as the official script of CMRC 2018 counts it: the longest run of segments in a row that output and answer share,
 * against the length of each; best over the answers. Runs of other scripts are cut into words as one sentence
 * (`nltkWords`).
 */
export const cmrcF1: Metric = {
  name: 'cmrc-f1',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'What is right in two places: only the longest run in a row counts, the rest is as if it were wrong.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = cmrcSegments(output);
    return Math.max(0, ...answers.map((answer) => runF1(given, cmrcSegments(answer))));
  },
};

function runF1(given: readonly string[], gold: readonly string[]): number {
  const run = longestCommonRun(gold, given);
  if (run === 0) return 0;
  const precision = run / given.length;
  const recall = run / gold.length;
  return (2 * precision * recall) / (precision + recall);
}
