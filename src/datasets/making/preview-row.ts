import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Message } from '../../rag/types.ts';
import { openDataset } from '../open.ts';
import { renderRow, toMessages } from '../render.ts';
import { promptRenderer, type RenderedPrompt } from './preview.ts';
import { sftMaker } from './sft.ts';
import type { MakingOf } from './types.ts';

export interface PreviewWish {
  readonly dataset: string;
  readonly row: number;
  /** Null: messages alone. */
  readonly model: string | null;
  readonly form: Pick<MakingOf<'sft'>, 'template' | 'markers' | 'schema'>;
}

/**
 * One row as messages with this template, marks and schema, and as a model's own chat template writes them, with its
 * tokens. Errors: `invalid` for a row that training leaves out, those of `promptRenderer`.
 */
export async function previewRow(
  paths: WorkspacePaths,
  { dataset: name, row: number, model, form }: PreviewWish,
): Promise<{ messages: Message[]; rendered: RenderedPrompt | null }> {
  const row = openDataset(paths, name).row(number);
  const messages = [...messagesOf()];
  const renderer = model === null ? null : await promptRenderer(paths, model);
  return { messages, rendered: renderer?.render(messages) ?? null };

  function messagesOf(): readonly Message[] {
    // Of other kinds, and what cannot be trained on: said by the one place that knows all kinds.
    if ('query' in row || 'chosen' in row) return renderRow(row, number);
    const made = sftMaker(paths, form)(row);
    if ('row' in made) return toMessages(made.row);
    if (!('form' in row)) return renderRow(row, number);
    throw new RagtuiError(
      'invalid',
      `Row ${number} cannot be trained on: ${made.why}.`,
      'Correct it, or leave it out.',
    );
  }
}
