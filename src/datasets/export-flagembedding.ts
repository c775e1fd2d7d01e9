import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import { partName } from './contexts.ts';
import { addNegatives } from './negatives/random.ts';
import type { AnyDataset } from './open.ts';
import type { RetrievalRow } from './types.ts';
import { replaceLines } from './write-lines.ts';

export interface FlagEmbeddingExport {
  /** Ends in `.jsonl`: FlagEmbedding passes over any other suffix without a word. */
  readonly file: string;
  readonly rows: number;
  /** Incomplete rows that were left out. */
  readonly omitted: number;
}

export interface FlagEmbeddingOptions {
  /** For `qa` rows; retrieval rows have their own. */
  readonly negatives?: number;
  readonly seed?: number;
  /** The embedder's query instruction, as `prompt` of every row; '' or absent: `qa` rows get none, others keep theirs. */
  readonly instruction?: string;
}

/**
 * Writes a part as FlagEmbedding's training rows: `query`, `pos`, `neg`, `prompt`. The same seed gives the same bytes.
 * Errors: `unsupported` for sft rows, `invalid` when a row has no negative (the engine divides by their number).
 */
export async function exportFlagEmbedding(
  dataset: AnyDataset,
  part: string | undefined,
  folder: string,
  options: FlagEmbeddingOptions = {},
): Promise<FlagEmbeddingExport> {
  const file = path.join(folder, `${dataset.manifest.slug}-${partName(part)}-retrieval.jsonl`);
  const rows = await replaceLines(file, checked(retrievalRows(dataset, part, options)));
  return { file, rows, omitted: dataset.count(part) - rows };
}

async function* retrievalRows(
  dataset: AnyDataset,
  part: string | undefined,
  { negatives, seed, instruction }: FlagEmbeddingOptions,
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
  } else {
    throw new RagtuiError(
      'unsupported',
      `The dataset "${dataset.manifest.name}" holds sft rows; an embedder is trained on qa or retrieval rows.`,
      'Export it to llamafactory.',
    );
  }
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
  if (number === 0) throw new RagtuiError('invalid', 'There is no complete row to export.', 'Take another part.');
}
