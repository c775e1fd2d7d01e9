import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { partName } from '../contexts.ts';
import type { AnyDataset } from '../open.ts';
import { qaToAlpaca } from '../render.ts';
import type { PreferenceRow, SftRow } from '../types.ts';
import { replaceLines } from '../write-lines.ts';
import type { Exported } from './types.ts';

/** `FOLDER/SLUG-PART-SUFFIX`. */
export function exportFile(dataset: AnyDataset, part: string | undefined, folder: string, suffix: string): string {
  return path.join(folder, `${dataset.manifest.slug}-${partName(part)}${suffix}`);
}

/** The complete rows of a part as training rows; `qa` rows become the SFT prompt. Errors: `unsupported` for other kinds. */
export async function* sftRows(dataset: AnyDataset, part: string | undefined): AsyncGenerator<SftRow> {
  if (dataset.kind === 'sft') yield* dataset.rows(part);
  else if (dataset.kind === 'qa') {
    for await (const row of dataset.rows(part)) {
      const rendered = qaToAlpaca(row);
      if (rendered) yield rendered;
    }
  } else throw wrongKind(dataset, 'an LLM is trained on qa or sft rows', 'flagembedding');
}

/** The rows of a preference dataset. Errors: `unsupported` for another kind. */
export async function* preferenceRows(dataset: AnyDataset, part: string | undefined): AsyncGenerator<PreferenceRow> {
  if (dataset.kind === 'preference') yield* dataset.rows(part);
  else throw wrongKind(dataset, 'this needs preference rows', 'jsonl');
}

export function wrongKind({ manifest, kind }: AnyDataset, why: string, other: string): RagtuiError {
  return new RagtuiError(
    'unsupported',
    `The dataset "${manifest.name}" holds ${kind} rows; ${why}.`,
    `Export it to ${other}.`,
  );
}

/** Writes lines of JSON and says what became of the part. Errors: `invalid` when there is none. */
export async function writeLines(
  dataset: AnyDataset,
  part: string | undefined,
  file: string,
  lines: AsyncIterable<unknown>,
  notes: readonly string[] = [],
): Promise<Exported> {
  const rows = await replaceLines(file, atLeastOne(lines, part));
  return { file, files: [file], rows, omitted: Math.max(0, dataset.count(part) - rows), notes };
}

/** Before anything is replaced: an export of nothing must not take the place of one of something. */
async function* atLeastOne<T>(lines: AsyncIterable<T>, part: string | undefined): AsyncGenerator<T> {
  let any = false;
  for await (const line of lines) {
    any = true;
    yield line;
  }
  if (!any) throw new RagtuiError('invalid', `The part "${part ?? 'all'}" has no complete row.`, 'Take another.');
}
