import type { AnyDataset } from '../open.ts';
import { toMessages, withSystem } from '../render.ts';
import { exportFile, preferenceRows, sftRows, writeLines } from './rows.ts';
import type { Exporter, ExportOptions } from './types.ts';

/** OpenAI's fine-tuning files: chat rows, and for preference rows the input with both outputs. */
export const openai: Exporter = {
  id: 'openai',
  title: 'OpenAI fine-tuning',
  description: 'JSON lines of messages, the system text written out; preference: input, preferred and other output',
  kinds: ['qa', 'sft', 'preference'],
  lossless: ['preference'],
  write: (dataset, part, folder, options) =>
    writeLines(dataset, part, exportFile(dataset, part, folder, '-openai.jsonl'), lines(dataset, part, options)),
};

async function* lines(
  dataset: AnyDataset,
  part: string | undefined,
  { system }: ExportOptions,
): AsyncGenerator<unknown> {
  if (dataset.kind !== 'preference') {
    for await (const row of sftRows(dataset, part)) yield { messages: toMessages(row, system) };
    return;
  }
  for await (const { messages, chosen, rejected } of preferenceRows(dataset, part)) {
    yield {
      input: { messages: withSystem(messages, system) },
      preferred_output: [{ role: 'assistant', content: chosen }],
      non_preferred_output: [{ role: 'assistant', content: rejected }],
    };
  }
}
