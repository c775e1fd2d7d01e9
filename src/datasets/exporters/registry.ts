import { RagtuiError } from '../../platform/errors.ts';
import { bgeInstruction } from '../instructions.ts';
import type { AnyDataset } from '../open.ts';
import type { DatasetKind } from '../types.ts';
import { alpaca } from './alpaca.ts';
import { csv } from './csv.ts';
import { flagEmbedding } from './flagembedding.ts';
import { jsonl } from './jsonl.ts';
import { llamaFactory } from './llamafactory.ts';
import { openai } from './openai.ts';
import { parquet } from './parquet.ts';
import { sentenceTransformers } from './sentence-transformers.ts';
import { sharegpt } from './sharegpt.ts';
import type { Exported, Exporter, ExportOptions } from './types.ts';

/** Every format there is, those of training engines first. */
export const EXPORTERS: readonly Exporter[] = [
  llamaFactory,
  flagEmbedding,
  sentenceTransformers,
  openai,
  alpaca,
  sharegpt,
  jsonl,
  csv,
  parquet,
];

/** What a kind of row can be exported to. */
export const exportersOf = (kind: DatasetKind): readonly Exporter[] =>
  EXPORTERS.filter(({ kinds }) => kinds.includes(kind));

/** The exporter of a format. Errors: `usage`. */
export function findExporter(to: string): Exporter {
  const found = EXPORTERS.find(({ id }) => id === to);
  if (found) return found;
  const known = EXPORTERS.map(({ id }) => id).join(', ');
  throw new RagtuiError('usage', `There is no format "${to}".`, `There are: ${known}.`);
}

/**
 * Writes a part of a dataset into a folder. Rows to train an embedder get BGE's query instruction in the language of
 * their questions unless told otherwise. Errors: `usage` for an unknown format, `unsupported` for a kind it cannot hold,
 * `not-found` for the part, `invalid` when no row is left.
 */
export async function exportDataset(
  dataset: AnyDataset,
  to: string,
  part: string | undefined,
  folder: string,
  options: ExportOptions = {},
): Promise<Exported & { readonly instruction: string }> {
  const exporter = findExporter(to);
  if (!exporter.kinds.includes(dataset.kind)) {
    const others = exportersOf(dataset.kind).map(({ id }) => id);
    throw new RagtuiError(
      'unsupported',
      `${exporter.title} takes no ${dataset.kind} rows, which the dataset "${dataset.manifest.name}" holds.`,
      `It goes to: ${others.join(', ')}.`,
    );
  }
  const forEmbedder = exporter.kinds.includes('retrieval') && !exporter.kinds.includes('sft');
  const usual = forEmbedder && dataset.kind === 'qa' ? bgeInstruction(dataset) : '';
  const instruction = options.instruction ?? usual;
  return { ...(await exporter.write(dataset, part, folder, { ...options, instruction })), instruction };
}
