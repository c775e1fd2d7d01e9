import type { AnyDataset } from '../open.ts';
import type { RetrievalRow } from '../types.ts';
import { retrievalRows } from './retrieval-rows.ts';
import { exportFile, writeLines } from './rows.ts';
import type { Exporter, ExportOptions } from './types.ts';

/**
 * Rows for sentence-transformers' losses: `anchor`, `positive`, and as many `negative_N` as every row has, since its
 * trainer wants the same columns in all of them. A row with several positives becomes one for each.
 */
export const sentenceTransformers: Exporter = {
  id: 'sentence-transformers',
  title: 'sentence-transformers',
  description: 'JSON lines of anchor, positive, negative…; the query instruction is given to the trainer as prompts',
  kinds: ['qa', 'retrieval'],
  lossless: [],
  async write(dataset, part, folder, options) {
    const { fewest, most, prompt } = await counts(dataset, part, options);
    const file = exportFile(dataset, part, folder, '-pairs.jsonl');
    const notes = [
      ...(most > fewest ? [`Rows have ${fewest} to ${most} negatives; the first ${fewest} of each are written.`] : []),
      ...(prompt
        ? [`The query instruction is not in the rows: train with prompts={"anchor": ${JSON.stringify(prompt)}}.`]
        : []),
    ];
    const made = await writeLines(dataset, part, file, lines(dataset, part, options, fewest), notes);
    return { ...made, omitted: dataset.kind === 'qa' ? made.omitted : 0 };
  },
};

async function counts(dataset: AnyDataset, part: string | undefined, options: ExportOptions) {
  let fewest = Number.POSITIVE_INFINITY;
  let most = 0;
  let prompt: string | undefined;
  for await (const row of retrievalRows(dataset, part, options)) {
    fewest = Math.min(fewest, row.neg.length);
    most = Math.max(most, row.neg.length);
    prompt ??= row.prompt;
  }
  return { fewest: Number.isFinite(fewest) ? fewest : 0, most, prompt };
}

async function* lines(
  dataset: AnyDataset,
  part: string | undefined,
  options: ExportOptions,
  negatives: number,
): AsyncGenerator<unknown> {
  for await (const row of retrievalRows(dataset, part, options))
    for (const positive of row.pos) yield { anchor: row.query, positive, ...negativeColumns(row, negatives) };
}

function negativeColumns({ neg }: RetrievalRow, count: number): Record<string, string> {
  const name = (at: number): string => (count === 1 ? 'negative' : `negative_${at + 1}`);
  return Object.fromEntries(neg.slice(0, count).map((text, at) => [name(at), text]));
}
