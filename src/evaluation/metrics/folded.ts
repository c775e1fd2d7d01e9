import { splitWords } from './python.ts';

/** Text as it is compared with a passage: full-width forms and white space are the same everywhere. */
export const folded = (text: string): string => splitWords(text.normalize('NFKC')).join(' ');

/** `folded`, and case aside. */
export const foldedCase = (text: string): string => folded(text).toLowerCase();
