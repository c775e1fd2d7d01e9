import type { AnyDataset } from '../open.ts';
import { toMessages, withSystem } from '../render.ts';
import type { MessagesRow } from '../types.ts';
import { exportFile, preferenceRows, sftRows, writeLines } from './rows.ts';
import type { Exporter, ExportOptions } from './types.ts';

const NAMES = { system: 'system', user: 'human', assistant: 'gpt' } as const;

/** ShareGPT rows, with the id; the system text is the first turn. */
export const sharegpt: Exporter = {
  id: 'sharegpt',
  title: 'ShareGPT',
  description: 'JSON lines of conversations (from human, gpt, system); preference: with chosen and rejected',
  kinds: ['qa', 'sft', 'preference'],
  lossless: ['preference'],
  write: (dataset, part, folder, options) =>
    writeLines(dataset, part, exportFile(dataset, part, folder, '-sharegpt.jsonl'), lines(dataset, part, options)),
};

const turns = (messages: MessagesRow['messages']) =>
  messages.map(({ role, content }) => ({ from: NAMES[role], value: content }));

async function* lines(
  dataset: AnyDataset,
  part: string | undefined,
  { system }: ExportOptions,
): AsyncGenerator<unknown> {
  if (dataset.kind !== 'preference') {
    for await (const row of sftRows(dataset, part)) yield { id: row.id, conversations: turns(toMessages(row, system)) };
    return;
  }
  for await (const { id, messages, chosen, rejected } of preferenceRows(dataset, part)) {
    yield {
      id,
      conversations: turns(withSystem(messages, system)),
      chosen: { from: 'gpt', value: chosen },
      rejected: { from: 'gpt', value: rejected },
    };
  }
}
