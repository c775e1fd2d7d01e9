import { splitWords } from './python.ts';
import type { Metric } from './types.ts';

const LONGEST = 6;
/** β² of the F score: recall counts twice as much as precision. */
const FACTOR = 4;

/**
 * chrF2 of a sentence as sacrebleu counts it (Popović 2015): runs of 1 to 6 characters without white space, F with β = 2
 * of the precision and recall averaged over the lengths that both sides have; best over the answers. From 0 to 1.
 * It needs no words, so Chinese is counted like any other script.
 */
export const chrf: Metric = {
  name: 'chrf',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'Meaning: the same letters in other words score, and a long answer that contains the right one scores well.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = runsOf(output);
    return Math.max(0, ...answers.map((answer) => score(given, runsOf(answer))));
  },
};

type Runs = ReadonlyMap<string, number>;

/** Runs of each length with how often they occur; by code points, like Python. */
function runsOf(text: string): Runs[] {
  const characters = [...splitWords(text).join('')];
  return Array.from({ length: LONGEST }, (_, at) => {
    const runs = new Map<string, number>();
    for (let start = 0; start + at < characters.length; start += 1) {
      const run = characters.slice(start, start + at + 1).join('');
      runs.set(run, (runs.get(run) ?? 0) + 1);
    }
    return runs;
  });
}

function score(given: readonly Runs[], gold: readonly Runs[]): number {
  let precision = 0;
  let recall = 0;
  let lengths = 0;
  for (const [at, runs] of given.entries()) {
    const wanted = gold[at] ?? new Map<string, number>();
    if (runs.size === 0 || wanted.size === 0) continue;
    let same = 0;
    for (const [run, count] of runs) same += Math.min(count, wanted.get(run) ?? 0);
    precision += same / total(runs);
    recall += same / total(wanted);
    lengths += 1;
  }
  if (precision + recall === 0) return 0;
  const [p, r] = [precision / lengths, recall / lengths];
  return ((1 + FACTOR) * p * r) / (FACTOR * p + r);
}

const total = (runs: Runs): number => [...runs.values()].reduce((sum, count) => sum + count, 0);
