import { splitWords } from './python.ts';

export const ASCII_PUNCTUATION = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;
/** Python's `\b` is of Unicode, that of JavaScript is not. */
export const ARTICLES = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/** What the SQuAD script compares: lower case, without ASCII punctuation, articles and surplus white space. */
export const squadPlain = (text: string): string =>
  splitWords(text.toLowerCase().replace(ASCII_PUNCTUATION, '').replace(ARTICLES, ' ')).join(' ');
