import { parseSftPrompt } from '../render.ts';
import type { AlpacaRow } from '../types.ts';
import { contextIdOf, type JsonObject, parseObject, textField } from './fields.ts';
import { jsonRows } from './json-elements.ts';
import { type Importer, type ImportSource, skipped } from './types.ts';

/** Alpaca rows (instruction, input, output, system, history), as JSON list or JSON lines. */
export const alpaca: Importer<'sft'> = {
  format: 'alpaca',
  kind: 'sft',
  description: 'Alpaca JSON or JSON lines (instruction, input, output, system, history)',
  async *read(source) {
    for await (const { line, row } of alpacaRows(source)) {
      yield typeof row === 'string' ? skipped(line, `${row}.`) : { row };
    }
  },
};

/** Alpaca rows whose instruction is our SFT prompt, taken apart again. */
export const alpacaQa: Importer<'qa'> = {
  format: 'alpaca',
  kind: 'qa',
  description: 'Alpaca rows whose instruction is the SFT prompt, taken apart into context and question',
  async *read(source) {
    for await (const { line, row } of alpacaRows(source)) {
      if (typeof row === 'string') {
        yield skipped(line, `${row}.`);
        continue;
      }
      const parts = row.input === '' && row.history.length === 0 ? parseSftPrompt(row.instruction) : undefined;
      if (!parts) {
        yield skipped(line, 'its instruction is not the SFT prompt with an empty input.');
        continue;
      }
      const { context, question } = parts;
      yield {
        row: { id: row.id, contextId: contextIdOf(context), context, question, answers: [row.output], metadata: {} },
      };
    }
  },
};

async function* alpacaRows(source: ImportSource): AsyncGenerator<{ line: number; row: AlpacaRow | string }> {
  let number = 0;
  for await (const element of jsonRows(source.text)) {
    const object = parseObject(element);
    const row = typeof object === 'string' ? object : alpacaRow(object, `row-${number}`);
    number++;
    yield { line: element.line, row };
  }
}

function alpacaRow(object: JsonObject, fallbackId: string): AlpacaRow | string {
  const instruction = object['instruction'];
  const output = object['output'];
  const { input = '', system } = object;
  if (typeof instruction !== 'string') return '"instruction" is not text';
  if (typeof output !== 'string') return '"output" is not text';
  if (output.trim() === '') return '"output" is empty: there is nothing to learn';
  if (typeof input !== 'string' && input !== null) return '"input" is not text';
  if (system !== undefined && system !== null && typeof system !== 'string') return '"system" is not text';
  const history = historyOf(object['history'] ?? []);
  if (!history) return '"history" is not a list of [user, assistant] pairs';
  return {
    form: 'alpaca',
    id: textField(object, 'id') || fallbackId,
    ...(typeof system === 'string' ? { system } : {}),
    history,
    instruction,
    input: input ?? '',
    output,
  };
}

function historyOf(value: unknown): [string, string][] | undefined {
  if (!Array.isArray(value)) return undefined;
  const pairs: [string, string][] = [];
  for (const turn of value) {
    if (!Array.isArray(turn) || turn.length !== 2) return undefined;
    const [user, assistant]: unknown[] = turn;
    if (typeof user !== 'string' || typeof assistant !== 'string') return undefined;
    pairs.push([user, assistant]);
  }
  return pairs;
}
