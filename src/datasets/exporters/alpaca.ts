import type { AnyDataset } from '../open.ts';
import { messagesToAlpaca, SFT_SYSTEM } from '../render.ts';
import type { AlpacaRow } from '../types.ts';
import { exportFile, sftRows, writeLines } from './rows.ts';
import type { Exporter, ExportOptions } from './types.ts';

/** Alpaca rows; conversations become an instruction with their earlier turns as history. */
export const alpaca: Exporter = {
  id: 'alpaca',
  title: 'Alpaca',
  description: 'JSON lines of instruction, input, output, system, history',
  kinds: ['qa', 'sft'],
  lossless: ['sft'],
  write: (dataset, part, folder, options) =>
    writeLines(dataset, part, exportFile(dataset, part, folder, '-alpaca.jsonl'), lines(dataset, part, options)),
};

async function* lines(dataset: AnyDataset, part: string | undefined, options: ExportOptions): AsyncGenerator<unknown> {
  for await (const row of sftRows(dataset, part)) {
    const { id, ...line } = alpacaLine(row.form === 'alpaca' ? row : messagesToAlpaca(row), options);
    yield dataset.kind === 'sft' ? { id, ...line } : line;
  }
}

/** The row with its system text written out, and its history where it has one. */
function alpacaLine({ id, instruction, input, output, history, system }: AlpacaRow, options: ExportOptions) {
  const { system: usual = SFT_SYSTEM } = options;
  const said = system ?? usual;
  return {
    id,
    instruction,
    input,
    output,
    ...(said === null ? {} : { system: said }),
    ...(history.length > 0 ? { history } : {}),
  };
}
