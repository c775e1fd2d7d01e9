import { articleRows, hasParagraphs } from './articles.ts';
import type { Importer } from './types.ts';

/** CMRC 2018, both layouts in which it is published. */
export const cmrc: Importer<'qa'> = {
  format: 'cmrc',
  kind: 'qa',
  description: 'CMRC 2018 JSON (context_id/context_text/qas, or the SQuAD layout)',
  listKey: 'data',
  matches: (record) => ('context_text' in record && 'qas' in record) || hasParagraphs(record),
  rows: articleRows,
};
