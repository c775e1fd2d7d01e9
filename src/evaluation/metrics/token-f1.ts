import { overlapF1 } from './overlap.ts';
import { splitWords } from './python.ts';
import { ARTICLES, ASCII_PUNCTUATION } from './squad.ts';
import type { Metric } from './types.ts';

/** Of Chinese text and full-width forms. */
const WIDE_PUNCTUATION = /[\p{P}～￥…]/gu;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const EACH_CJK = new RegExp(CJK.source, 'gu');

/**
 * Overlap of tokens as the SQuAD 2.0 script counts it (lower case, no punctuation, no articles), best over the answers.
 * For English it gives the script's value. Where the output or an answer has Chinese or Japanese characters, each of
 * them is a token, and Unicode punctuation goes too.
 */
export const tokenF1: Metric = {
  name: 'token-f1',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: false,
  blindTo: 'The order of the words, and negations: "did not rise" scores high against "did rise".',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const wide = CJK.test(output) || answers.some((answer) => CJK.test(answer));
    const given = tokensOf(output, wide);
    return Math.max(0, ...answers.map((answer) => overlapF1(given, tokensOf(answer, wide))));
  },
};

/** Tokens after normalisation; exported for the tests. */
export function tokensOf(text: string, wide: boolean): string[] {
  let plain = text.toLowerCase().replace(ASCII_PUNCTUATION, '');
  if (wide) plain = plain.replace(WIDE_PUNCTUATION, '').replace(EACH_CJK, ' $& ');
  return splitWords(plain.replace(ARTICLES, ' '));
}
