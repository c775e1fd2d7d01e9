import { foldedCase } from './folded.ts';
import type { Metric } from './types.ts';

/** Letters and digits of scripts that put spaces between words; in others a word has no ends to look for. */
const WORD = /[\p{L}\p{N}_]/u;
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const inWord = (character: string): boolean => WORD.test(character) && !SPACELESS.test(character);

/**
 * Whether one of the right answers stands in the output as whole words and whole numbers, width, case and white space
 * aside: "8" is not in "18", nor in "8.5".
 */
export const mentions: Metric = {
  name: 'mentions',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'higher',
  binary: true,
  blindTo: 'All that stands around it: naming every candidate scores 1, and so does denying the right one.',
  score: ({ output, answers }) => {
    if (output === null) return null;
    const given = foldedCase(output);
    return Number(answers.some((answer) => stands(given, foldedCase(answer))));
  },
};

function stands(given: string, wanted: string): boolean {
  if (wanted === '') return false;
  for (let at = given.indexOf(wanted); at >= 0; at = given.indexOf(wanted, at + 1)) {
    if (endsAt(given.slice(0, at), wanted, 'before') && endsAt(given.slice(at + wanted.length), wanted, 'behind')) {
      return true;
    }
  }
  return false;
}

/** Whether a word or number ends between the answer and what stands before or behind it. */
function endsAt(beside: string, wanted: string, side: 'before' | 'behind'): boolean {
  const [edge, next] = side === 'before' ? [first(wanted), last(beside)] : [last(wanted), first(beside)];
  if (inWord(edge) && inWord(next)) return false;
  if (!/\p{N}/u.test(edge)) return true;
  // "8.5", "1,800" are numbers of which 8 and 800 are no part.
  return side === 'before' ? !/\p{N}[.,]$/u.test(beside) : !/^[.,]\p{N}/u.test(beside);
}

const first = (text: string): string => String.fromCodePoint(text.codePointAt(0) ?? 32);
const last = (text: string): string => [...text.slice(-2)].at(-1) ?? ' ';
