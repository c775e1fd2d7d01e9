import { readArticles } from './articles.ts';
import type { Importer } from './types.ts';

/** SQuAD 1.1 and 2.0; questions marked impossible are skipped, as they have no answer. */
export const squad: Importer<'qa'> = {
  format: 'squad',
  kind: 'qa',
  description: 'SQuAD JSON (data/paragraphs/qas)',
  read: readArticles,
};
