import { openQaDataset } from '../../datasets/open.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { CompareRequest } from '../compare.ts';

export type AskedQuestion = Required<Pick<CompareRequest, 'question' | 'references' | 'passage' | 'source'>>;

/**
 * A question of a dataset with its answers and its passage. `row` counts from 0, within `part` if there is one. Errors:
 * those of `openQaDataset`, `not-found` for a row that is not there.
 */
export function questionOfRow(
  paths: WorkspacePaths,
  { dataset: name, part, row }: { readonly dataset: string; readonly part?: string; readonly row: number },
): AskedQuestion {
  const dataset = openQaDataset(paths, name);
  const number = part === undefined ? row : dataset.rowNumbers(part)[row];
  if (number === undefined || number >= dataset.count()) {
    const rows = dataset.count(part);
    throw new RagtuiError(
      'not-found',
      `${part === undefined ? name : `${name} ${part}`} has no row ${row}.`,
      `Its rows are 0 to ${rows - 1}.`,
    );
  }
  const { question, answers, context } = dataset.row(number);
  return {
    question,
    references: answers.filter((answer) => answer.trim() !== ''),
    passage: context,
    source: `dataset ${dataset.manifest.name} ${dataset.manifest.version} row ${number}`,
  };
}
