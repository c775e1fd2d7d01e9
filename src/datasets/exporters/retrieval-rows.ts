import { addNegatives } from '../negatives/random.ts';
import type { AnyDataset } from '../open.ts';
import type { RetrievalRow } from '../types.ts';
import { wrongKind } from './rows.ts';
import type { ExportOptions } from './types.ts';

/**
 * Rows to train an embedder: `qa` rows get random negatives of their own part, retrieval rows are as they are.
 * `instruction` becomes the `prompt` of every row; '' or absent: `qa` rows get none, others keep theirs.
 * Errors: `unsupported` for other kinds.
 */
export async function* retrievalRows(
  dataset: AnyDataset,
  part: string | undefined,
  { negatives, seed, instruction }: ExportOptions,
): AsyncGenerator<RetrievalRow> {
  if (dataset.kind === 'qa') {
    yield* addNegatives(dataset, {
      ...(negatives === undefined ? {} : { count: negatives }),
      ...(seed === undefined ? {} : { seed }),
      ...(instruction === undefined ? {} : { instruction }),
      ...(part === undefined ? {} : { part }),
    });
  } else if (dataset.kind === 'retrieval') {
    for await (const row of dataset.rows(part)) yield instruction ? { ...row, prompt: instruction } : row;
  } else throw wrongKind(dataset, 'an embedder is trained on qa or retrieval rows', 'llamafactory');
}
