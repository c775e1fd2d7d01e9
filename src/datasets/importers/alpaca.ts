import type { JsonObject } from '../records/types.ts';
import { parseSftPrompt } from '../render.ts';
import type { AlpacaRow } from '../types.ts';
import { contextIdOf, isText, listOf, textField } from './fields.ts';
import { type Importer, skipped } from './types.ts';

/** Alpaca rows (instruction, input, output, system, history). */
export const alpaca: Importer<'sft'> = {
  format: 'alpaca',
  kind: 'sft',
  description: 'Alpaca (instruction, input, output, system, history)',
  columns: ['instruction', 'output'],
  matches: (record) => 'instruction' in record && 'output' in record,
  *rows(record, { line, index }) {
    const row = alpacaRow(record, `row-${index}`);
    yield isText(row) ? skipped(line, `${row}.`) : { row };
  },
};

/** Alpaca rows whose instruction is our SFT prompt, taken apart again. */
export const alpacaQa: Importer<'qa'> = {
  format: 'alpaca',
  kind: 'qa',
  description: 'Alpaca rows whose instruction is the SFT prompt, taken apart into context and question',
  columns: ['instruction', 'output'],
  // Only where it is asked for: a reader may as well want the prompt as it is.
  matches: () => false,
  *rows(record, { line, index }) {
    const row = alpacaRow(record, `row-${index}`);
    if (isText(row)) {
      yield skipped(line, `${row}.`);
      return;
    }
    const parts = row.input === '' && row.history.length === 0 ? parseSftPrompt(row.instruction) : undefined;
    if (!parts) {
      yield skipped(line, 'its instruction is not the SFT prompt with an empty input.');
      return;
    }
    const { context, question } = parts;
    yield {
      row: { id: row.id, contextId: contextIdOf(context), context, question, answers: [row.output], metadata: {} },
    };
  },
};

/** An Alpaca row, or in a few words why there is none. */
export function alpacaRow(object: JsonObject, fallbackId: string): AlpacaRow | string {
  const { instruction, output, input = '', system } = object;
  if (!isText(instruction)) return '"instruction" is not text';
  if (!isText(output)) return '"output" is not text';
  if (output.trim() === '') return '"output" is empty: there is nothing to learn';
  if (!isText(input) && input !== null) return '"input" is not text';
  if (system !== undefined && system !== null && !isText(system)) return '"system" is not text';
  const history = historyOf(object['history'] ?? []);
  if (!history) return '"history" is not a list of [user, assistant] pairs';
  return {
    form: 'alpaca',
    id: textField(object, 'id') || fallbackId,
    ...(isText(system) ? { system } : {}),
    history,
    instruction,
    input: input ?? '',
    output,
  };
}

export function historyOf(value: unknown): [string, string][] | undefined {
  const list = value === '' ? [] : listOf(value);
  if (!list) return undefined;
  const pairs: [string, string][] = [];
  for (const turn of list) {
    if (!Array.isArray(turn) || turn.length !== 2) return undefined;
    const [user, assistant]: unknown[] = turn;
    if (!isText(user) || !isText(assistant)) return undefined;
    pairs.push([user, assistant]);
  }
  return pairs;
}
