// Scripts written without spaces, and those where a word is a few characters: cut into overlapping pairs.
const PAIRED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々〆]/u;
const RUNS =
  /(?<paired>[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々〆]+)|(?<word>[\p{L}\p{N}]+)/gu;
const MARKS = /\p{M}+/gu;

/** A token of the full-text index. `pair` = two characters of a run without spaces, `char` = one. */
export interface Token {
  readonly text: string;
  readonly kind: 'word' | 'pair' | 'char';
}

/**
 * Tokens of a text, the same way for documents and queries: NFKC, lower case, accents dropped; runs of Chinese,
 * Japanese, Korean and other unspaced scripts become overlapping pairs, and a document's run also ends with its last
 * character alone, so that a one-character query finds it by prefix.
 */
export function tokenize(text: string, side: 'document' | 'query'): Token[] {
  const tokens: Token[] = [];
  for (const match of normalise(text).matchAll(RUNS)) {
    const word = match.groups?.['word'];
    if (word !== undefined) splitWord(word, side, tokens);
    else pairs(match[0], side, tokens);
  }
  return tokens;
}

/** The text as the full-text table stores it: tokens with spaces between. */
export function segment(text: string): string {
  return tokenize(text, 'document')
    .map((token) => token.text)
    .join(' ');
}

function normalise(text: string): string {
  // Decomposed to drop accents, then composed again: Hangul must come back as syllables.
  return text.normalize('NFKD').replace(MARKS, keepNonLatin).normalize('NFKC').toLowerCase();
}

/** Kana voicing marks and vowel signs of other scripts are letters' parts; only European accents go. */
function keepNonLatin(marks: string): string {
  return marks.replace(/[\u0300-\u036f]/g, '');
}

/** A word may hold paired characters after digits or Latin letters ("2020年"): those are cut off it. */
function splitWord(word: string, side: 'document' | 'query', tokens: Token[]): void {
  const first = word.search(PAIRED);
  if (first < 0) {
    tokens.push({ text: word, kind: 'word' });
    return;
  }
  if (first > 0) tokens.push({ text: word.slice(0, first), kind: 'word' });
  const rest = word.slice(first);
  const end = [...rest].findIndex((char) => !PAIRED.test(char));
  const chars = [...rest];
  const run = end < 0 ? chars : chars.slice(0, end);
  pairs(run.join(''), side, tokens);
  if (end >= 0) splitWord(chars.slice(end).join(''), side, tokens);
}

function pairs(run: string, side: 'document' | 'query', tokens: Token[]): void {
  const chars = [...run];
  for (let at = 0; at + 1 < chars.length; at += 1) {
    tokens.push({ text: `${chars[at]}${chars[at + 1]}`, kind: 'pair' });
  }
  const last = chars.at(-1);
  if (last !== undefined && (side === 'document' || chars.length === 1)) tokens.push({ text: last, kind: 'char' });
}
