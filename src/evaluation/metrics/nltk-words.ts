import { SPACE, splitWords } from './python.ts';

/** `\w` of the module `regex`, by which nltk reads most of its rules: with marks, without ① and ². */
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';
const END = `(?<=${WORD})(?!${WORD})`;
/** `\w` of Python itself, by which it reads the contractions. */
const PLAIN_WORD = '[\\p{L}\\p{N}_]';
const PLAIN_START = `(?<!${PLAIN_WORD})(?=${PLAIN_WORD})`;
const PLAIN_END = `(?<=${PLAIN_WORD})(?!${PLAIN_WORD})`;

type Step = readonly [pattern: RegExp, replacement: string];

const OPENING_QUOTES: readonly Step[] = [
  [/[«“‘„]|`+/gu, ' $& '],
  [/^"/u, '``'],
  [/``/gu, ' $& '],
  [/([ ([{<])(?:"|'')/gu, '$1 `` '],
  // A quote before a word, unless it is a clitic: 'tis, but not 's.
  [new RegExp(`(?<!${WORD})'(?!(?:re|ve|ll|m|t|s|d|n)${END})(?=${WORD})`, 'giu'), "' "],
];

const PUNCTUATION: readonly Step[] = [
  [new RegExp(`([^.])(\\.)([\\])}>"'»”’ ]*)[${SPACE}]*$`, 'u'), '$1 $2 $3 '],
  [/([:,])(\P{Nd})/gu, ' $1 $2'],
  [/([:,])(?=\n?$)/u, ' $1 '],
  [/\.{2,}/gu, ' $& '],
  [/[;@#$%&]/gu, ' $& '],
  [/[\u2012-\u2015]/gu, ' $& '],
  [new RegExp(`([^.])(\\.)([\\])}>"']*)[${SPACE}]*$`, 'u'), '$1 $2$3 '],
  [/[?!]/gu, ' $& '],
  [/([^'])' /gu, "$1 ' "],
  [/\*/gu, ' $& '],
  [/[[\](){}<>]/gu, ' $& '],
  [/--/gu, ' -- '],
];

const CLOSING_QUOTES: readonly Step[] = [
  [/[»”’]/gu, ' $& '],
  [/''/gu, " '' "],
  [/"/gu, " '' "],
  [new RegExp(`[${SPACE}]+`, 'gu'), ' '],
  [/([^' ])('[sS]|'[mM]|'[dD]|') /gu, '$1 $2 '],
  [/([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) /gu, '$1 $2 '],
];

/** Words that are two. */
const CONTRACTIONS: readonly Step[] = [
  ['can', 'not'],
  ['d', "'ye"],
  ['gim', 'me'],
  ['gon', 'na'],
  ['got', 'ta'],
  ['lem', 'me'],
  ['more', "'n"],
].map(([one, two]): Step => [new RegExp(`${PLAIN_START}(${one})(${two})${PLAIN_END}`, 'giu'), ' $1 $2 ']);
const LAST_CONTRACTIONS: readonly Step[] = [
  [new RegExp(`${PLAIN_START}(wan)(na)(?=[${SPACE}])`, 'giu'), ' $1 $2 '],
  [new RegExp(` ('t)(is)${PLAIN_END}`, 'giu'), ' $1 $2 '],
  [new RegExp(` ('t)(was)${PLAIN_END}`, 'giu'), ' $1 $2 '],
];

/**
 * The tokens that `NLTKWordTokenizer().tokenize(text)` of nltk 3.10 makes, which is `word_tokenize` on one sentence:
 * punctuation, brackets, quotes, currency and clitics apart ("isn't" → is, n't), numbers whole ("2,000", "3.5"), and a
 * full stop only at the very end. `word_tokenize` also cuts a text into sentences first, by trained data that we do not
 * have: of "It rose. It fell." it would part the first full stop too.
 */
export function nltkWords(text: string): string[] {
  let spaced = applied(text, [...OPENING_QUOTES, ...PUNCTUATION]);
  spaced = applied(` ${spaced} `, [...CLOSING_QUOTES, ...CONTRACTIONS, ...LAST_CONTRACTIONS]);
  return splitWords(spaced);
}

const applied = (text: string, steps: readonly Step[]): string =>
  steps.reduce((before, [pattern, replacement]) => before.replace(pattern, replacement), text);
