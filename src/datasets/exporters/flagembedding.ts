import { RagtuiError } from '../../platform/errors.ts';
import type { AnyDataset } from '../open.ts';
import type { RetrievalRow } from '../types.ts';
import { retrievalRows } from './retrieval-rows.ts';
import { exportFile, writeLines } from './rows.ts';
import type { Exported, Exporter, ExportOptions } from './types.ts';

/** FlagEmbedding's training rows. */
export const flagEmbedding: Exporter = {
  id: 'flagembedding',
  title: 'FlagEmbedding',
  description: 'JSON lines of query, pos, neg, prompt; qa rows get random negatives',
  kinds: ['qa', 'retrieval'],
  lossless: ['retrieval'],
  write: exportFlagEmbedding,
};

/**
 * Writes a part as FlagEmbedding's training rows: `query`, `pos`, `neg`, `prompt`. The same seed gives the same bytes.
 * The file ends in `.jsonl`: FlagEmbedding passes over any other suffix without a word. Errors: `unsupported` for other
 * kinds, `invalid` when a row has no negative (the engine divides by their number).
 */
export async function exportFlagEmbedding(
  dataset: AnyDataset,
  part: string | undefined,
  folder: string,
  options: ExportOptions = {},
): Promise<Exported> {
  const file = exportFile(dataset, part, folder, '-retrieval.jsonl');
  return writeLines(dataset, part, file, checked(retrievalRows(dataset, part, options)));
}

async function* checked(rows: AsyncIterable<RetrievalRow>): AsyncGenerator<RetrievalRow> {
  let number = 0;
  for await (const row of rows) {
    if (row.neg.length === 0) {
      throw new RagtuiError(
        'invalid',
        `Row ${number} has no negative; FlagEmbedding fails on it.`,
        'Ask for at least one: --negatives 10',
      );
    }
    number++;
    yield row;
  }
}
