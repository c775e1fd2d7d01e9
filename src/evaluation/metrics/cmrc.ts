import { nltkWords } from './nltk-words.ts';
import { strip } from './python.ts';

/**
 * The characters that the script of CMRC 2018 leaves out. Its list names "……" too, which no single character equals: a
 * lone … stays. So do ‘ and the ASCII , . ( ) " % ! ?.
 */
const LEFT_OUT = new Set('-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』');
/** The script's Chinese characters: later additions to Unicode are not among them. */
const CHINESE = /[\u4e00-\u9fa5]/;

/** What the script compares for an exact match: lower case, without white space at the ends, without its punctuation. */
export const cmrcPlain = (text: string): string =>
  [...strip(text.toLowerCase())].filter((character) => !LEFT_OUT.has(character)).join('');

/**
 * The script's segments: each Chinese character, and the words of what lies between. Its punctuation is left out without
 * ending a word: "a-b" is "ab".
 */
export function cmrcSegments(text: string): string[] {
  const segments: string[] = [];
  let between = '';
  const flush = (): void => {
    if (between !== '') segments.push(...nltkWords(between));
    between = '';
  };
  for (const character of cmrcPlain(text)) {
    if (CHINESE.test(character)) {
      flush();
      segments.push(character);
    } else between += character;
  }
  flush();
  return segments;
}

/** Length of the longest run of segments that both have, in a row. */
export function longestCommonRun(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  let row = new Uint32Array(b.length + 1);
  for (const segment of a) {
    const next = new Uint32Array(b.length + 1);
    for (const [at, other] of b.entries()) {
      if (other !== segment) continue;
      const run = (row[at] ?? 0) + 1;
      next[at + 1] = run;
      longest = Math.max(longest, run);
    }
    row = next;
  }
  return longest;
}
