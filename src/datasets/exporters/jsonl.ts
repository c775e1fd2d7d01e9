import type { AnyDataset } from '../open.ts';
import { exportFile, writeLines } from './rows.ts';
import type { Exporter } from './types.ts';

/** The rows as they are kept here: nothing is lost, nothing is left out. */
export const jsonl: Exporter = {
  id: 'jsonl',
  title: 'JSON lines',
  description: "the rows as they are kept here, all of them; 'dataset import' reads them back",
  kinds: ['qa', 'sft', 'retrieval', 'preference'],
  lossless: ['qa', 'sft', 'retrieval', 'preference'],
  write: (dataset, part, folder) =>
    writeLines(dataset, part, exportFile(dataset, part, folder, '.jsonl'), rowsOf(dataset, part)),
};

export function rowsOf(dataset: AnyDataset, part: string | undefined): AsyncIterable<AnyRow> {
  return dataset.rows(part);
}
type AnyRow = ReturnType<AnyDataset['row']>;
