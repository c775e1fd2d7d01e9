import { openDataset } from '../../datasets/open.ts';
import { questionOf } from '../../datasets/row-question.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { CompareRequest } from '../compare.ts';

export type AskedQuestion = Required<Pick<CompareRequest, 'question' | 'references' | 'passage' | 'source'>>;

/**
 * A question of a dataset, of any kind, with its answers and its passage ('' where there is none). `row` counts from 0, within `part` if there is one. Errors:
 * those of `openDataset`, `not-found` for a row that is not there.
 */
export function questionOfRow(
  paths: WorkspacePaths,
  { dataset: name, part, row }: { readonly dataset: string; readonly part?: string; readonly row: number },
): AskedQuestion {
  const dataset = openDataset(paths, name);
  const number = part === undefined ? row : dataset.rowNumbers(part)[row];
  if (number === undefined || number >= dataset.count()) {
    const rows = dataset.count(part);
    throw new RagtuiError(
      'not-found',
      `${part === undefined ? name : `${name} ${part}`} has no row ${row}.`,
      `Its rows are 0 to ${rows - 1}.`,
    );
  }
  const { question, references, passage } = questionOf(dataset.row(number));
  return {
    ...{ question, references, passage },
    source: `dataset ${dataset.manifest.name} ${dataset.manifest.version} row ${number}`,
  };
}
