import path from 'node:path';
import { partName } from '../datasets/contexts.ts';
import { retrievalRows } from '../datasets/exporters/retrieval-rows.ts';
import { DEFAULT_NEGATIVES, looseKey } from '../datasets/negatives/random.ts';
import { NumpyRng } from '../datasets/numpy-rng.ts';
import type { AnyDataset } from '../datasets/open.ts';
import type { RetrievalRow } from '../datasets/types.ts';
import { replaceLines } from '../datasets/write-lines.ts';
import { RagtuiError } from '../platform/errors.ts';

export interface RowOptions {
  readonly part: string | undefined;
  readonly limit: number | undefined;
  readonly seed: number;
  /** Stands before every query; '' for none. */
  readonly instruction: string;
  readonly distill: boolean;
}

/** The rows that an embedder is trained on, as they were written. */
export interface WrittenRows {
  /** Ends in `.jsonl`: FlagEmbedding passes over any other suffix without a word. */
  readonly file: string;
  readonly rows: number;
  /** Fewest and most negatives of a row. */
  readonly negatives: { readonly least: number; readonly most: number };
  /** Rows whose negatives were drawn at random: all of `qa`, and those that brought none. */
  readonly drawn: number;
  /** Rows that stand under another instruction than the embedder's own. */
  readonly otherInstruction: number;
}

/**
 * Writes a part as FlagEmbedding's training rows. Rows of `retrieval` keep their negatives as they were mined; those
 * without any get random ones, since the engine divides by their number. Errors: `unsupported` for other kinds,
 * `invalid` when there is no complete row, too few other passages, or a row lacks the scores to distill from.
 */
export async function writeEmbedderRows(
  dataset: AnyDataset,
  folder: string,
  options: RowOptions,
): Promise<WrittenRows> {
  const file = path.join(folder, `${dataset.manifest.slug}-${partName(options.part)}-retrieval.jsonl`);
  const seen = { rows: 0, least: Number.POSITIVE_INFINITY, most: 0, drawn: 0, otherInstruction: 0 };
  await replaceLines(file, counted());
  const { rows, least, most, drawn, otherInstruction } = seen;
  if (rows === 0) throw new RagtuiError('invalid', `The part "${options.part ?? 'all'}" has no complete row.`);
  return { file, rows, negatives: { least, most }, drawn, otherInstruction };

  async function* counted(): AsyncGenerator<RetrievalRow> {
    const draw = await drawer(dataset, options);
    for await (const row of retrievalRows(dataset, options.part, {
      negatives: DEFAULT_NEGATIVES,
      seed: options.seed,
    })) {
      if (seen.rows === options.limit) return;
      if (options.distill) checkScores(row, seen.rows);
      const neg = row.neg.length > 0 ? row.neg : draw(row, seen.rows);
      seen.rows++;
      seen.least = Math.min(seen.least, neg.length);
      seen.most = Math.max(seen.most, neg.length);
      if (dataset.kind === 'qa' || row.neg.length === 0) seen.drawn++;
      const { prompt, ...rest } = row;
      if (prompt !== undefined && prompt !== options.instruction) seen.otherInstruction++;
      // All rows have one or none has: the engine would write "None" before the queries of the others.
      yield { ...rest, neg, ...(options.instruction === '' ? {} : { prompt: prompt ?? options.instruction }) };
    }
  }
}

function checkScores({ pos, neg, pos_scores, neg_scores }: RetrievalRow, number: number): void {
  if (pos_scores?.length === pos.length && neg_scores?.length === neg.length && neg.length > 0) return;
  throw new RagtuiError(
    'invalid',
    `Row ${number} has no score of a teacher for each of its passages: there is nothing to distill from.`,
    'Leave out --distill, or import rows with pos_scores and neg_scores.',
  );
}

/** Draws random negatives for a row of `retrieval` that has none, from the positives of the others. */
async function drawer(
  dataset: AnyDataset,
  { part, seed }: RowOptions,
): Promise<(row: RetrievalRow, number: number) => string[]> {
  const texts = new Map<string, string>();
  if (dataset.kind === 'retrieval') {
    for await (const { pos } of dataset.rows(part)) for (const text of pos) texts.set(looseKey(text), text);
  }
  const all = [...texts];
  const rng = new NumpyRng(seed);
  return ({ pos }, number) => {
    const own = new Set(pos.map(looseKey));
    if (all.length <= own.size) {
      throw new RagtuiError('invalid', `Row ${number} has no negative, and there is no other passage to take.`);
    }
    const drawn = new Map<string, string>();
    const wanted = Math.min(DEFAULT_NEGATIVES, all.length - own.size);
    while (drawn.size < wanted) {
      const [key = '', text = ''] = all[rng.upTo(all.length - 1)] ?? [];
      if (!own.has(key)) drawn.set(key, text);
    }
    return [...drawn.values()];
  };
}

/** What was written, in a sentence. */
export function rowsText({ rows, negatives: { least, most }, drawn }: WrittenRows): string {
  const count = least === most ? `${most}` : `${least} to ${most}`;
  const from =
    drawn === rows ? 'drawn at random' : drawn === 0 ? 'as they were mined' : `${drawn} rows drawn at random`;
  return `${rows} rows, ${count} negatives each (${from})`;
}
