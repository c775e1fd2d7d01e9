import type { Metric } from './types.ts';

const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const TOKEN = new RegExp(`${CJK.source}|[a-z0-9]+`, 'gu');

/**
 * ROUGE-L F as Google's rouge_score counts it without its stemmer: the longest common subsequence of words of a–z and
 * digits, best over the answers. Each Chinese or Japanese character is a word of its own (rouge_score drops them).
 */
export const rougeL: Metric = {
  name: 'rouge-l',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'Negations and numbers that differ by a digit: one word of many. Letters outside a–z are dropped.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = tokensOf(output);
    return Math.max(0, ...answers.map((answer) => subsequenceF1(given, tokensOf(answer))));
  },
};

const tokensOf = (text: string): string[] => text.toLowerCase().match(TOKEN) ?? [];

function subsequenceF1(given: readonly string[], gold: readonly string[]): number {
  if (given.length === 0 || gold.length === 0) return 0;
  const common = commonSubsequence(gold, given);
  const precision = common / given.length;
  const recall = common / gold.length;
  return precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
}

/** Length of the longest common subsequence; two rows of the table at a time. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  let above = new Uint32Array(b.length + 1);
  for (const token of a) {
    const row = new Uint32Array(b.length + 1);
    for (const [at, other] of b.entries()) {
      row[at + 1] = token === other ? (above[at] ?? 0) + 1 : Math.max(above[at + 1] ?? 0, row[at] ?? 0);
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
