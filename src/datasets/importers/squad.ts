import { articleRows, hasParagraphs } from './articles.ts';
import type { Importer } from './types.ts';

/** SQuAD 1.1 and 2.0; a question marked impossible is kept with an empty answer and `impossible`. */
export const squad: Importer<'qa'> = {
  format: 'squad',
  kind: 'qa',
  description: 'SQuAD 1.1 and 2.0 JSON (data/paragraphs/qas)',
  listKey: 'data',
  matches: hasParagraphs,
  rows: articleRows,
};
