import { overlapF1 } from './overlap.ts';
import { splitWords } from './python.ts';
import { squadPlain } from './squad.ts';
import type { Metric } from './types.ts';

/** F1 of the SQuAD 2.0 script: words that output and answer share, best over the answers; two empty texts agree. */
export const squadF1: Metric = {
  name: 'squad-f1',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'The order of the words; and Chinese, where whole clauses between two spaces count as one word.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = wordsOf(output);
    return Math.max(0, ...answers.map((answer) => overlapF1(given, wordsOf(answer))));
  },
};

const wordsOf = (text: string): string[] => splitWords(squadPlain(text));
