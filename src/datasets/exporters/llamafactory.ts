import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { writeJsonAtomic } from '../../platform/files.ts';
import { partName } from '../contexts.ts';
import type { AnyDataset } from '../open.ts';
import { SFT_SYSTEM, toMessages, withSystem } from '../render.ts';
import type { AlpacaRow } from '../types.ts';
import { preferenceRows, sftRows, writeLines } from './rows.ts';
import type { Exporter } from './types.ts';

/** LLaMA-Factory's folder of data. */
export const llamaFactory: Exporter = {
  id: 'llamafactory',
  title: 'LLaMA-Factory',
  description: 'JSON lines and dataset_info.json; qa rows become the SFT prompt, preference rows a ranking',
  kinds: ['qa', 'sft', 'preference'],
  lossless: [],
  async write(dataset, part, folder, options) {
    const made = await exportLlamaFactory(dataset, part, folder, options.system ?? SFT_SYSTEM);
    const { rowsFile, infoFile, rows, omitted, emptySystem } = made;
    const notes = [
      `dataset_dir: ${folder}, dataset: ${made.dataset}`,
      ...(emptySystem > 0
        ? [`${emptySystem} rows have an empty system text; LLaMA-Factory puts its template's own there.`]
        : []),
    ];
    return { file: rowsFile, files: [rowsFile, infoFile], rows, omitted, notes };
  },
};

export interface LlamaFactoryExport {
  /** What goes into `dataset:` of the training file. */
  readonly dataset: string;
  readonly rowsFile: string;
  /** `dataset_info.json`; its folder is `dataset_dir`. */
  readonly infoFile: string;
  readonly rows: number;
  /** Incomplete rows that were left out. */
  readonly omitted: number;
  /** Rows that say "no system text", which the engine cannot. */
  readonly emptySystem: number;
}

/** All columns that are used: once `columns` is there, LLaMA-Factory takes every other one for absent. */
const ALPACA_COLUMNS = { prompt: 'instruction', query: 'input', response: 'output', system: 'system' };

/** OpenAI rows as `sharegpt` with tags: the engine's own `openai` adds a text of its own to the system message. */
const MESSAGES_TAGS = {
  role_tag: 'role',
  content_tag: 'content',
  user_tag: 'user',
  assistant_tag: 'assistant',
  system_tag: 'system',
};

const infoSchema = z.record(z.string(), z.unknown());

/**
 * Writes a part as rows for LLaMA-Factory and names them in `dataset_info.json` beside them; other entries there stay.
 * `qa` rows become the SFT prompt; every row carries its system text, or `system`. The same rows give the same bytes.
 * Errors: `unsupported` for retrieval rows, `invalid` when no row is left.
 */
export async function exportLlamaFactory(
  dataset: AnyDataset,
  part: string | undefined,
  folder: string,
  system: string = SFT_SYSTEM,
): Promise<LlamaFactoryExport> {
  const name = `${dataset.manifest.slug}-${partName(part)}`;
  const shape = await shapeOf(dataset, part);
  const rowsFile = path.join(folder, `${name}.jsonl`);
  const infoFile = path.join(folder, 'dataset_info.json');
  const others = readInfo(infoFile);
  const { rows, omitted } = await writeLines(dataset, part, rowsFile, lines(dataset, part, shape, system));
  writeJsonAtomic(infoFile, { ...others, [name]: entry(path.basename(rowsFile), shape) });
  return { dataset: name, rowsFile, infoFile, rows, omitted, emptySystem: shape.emptySystem };
}

interface Shape {
  readonly ranking: boolean;
  readonly messages: boolean;
  /** Listed only where some row has one: an all-empty column has no type. */
  readonly history: boolean;
  readonly emptySystem: number;
}

async function shapeOf(dataset: AnyDataset, part: string | undefined): Promise<Shape> {
  const ranking = dataset.kind === 'preference';
  let messages = ranking;
  let history = false;
  let emptySystem = 0;
  if (dataset.kind === 'sft' || dataset.kind === 'preference') {
    for await (const row of dataset.rows(part)) {
      const alpaca = 'form' in row && row.form === 'alpaca' ? row : undefined;
      messages ||= !alpaca;
      history ||= alpaca !== undefined && alpaca.history.length > 0;
      const [first] = 'messages' in row ? row.messages : [];
      const said = alpaca ? alpaca.system : first?.role === 'system' ? first.content : undefined;
      if (said === '') emptySystem++;
    }
  }
  return { ranking, messages, history, emptySystem };
}

async function* lines(
  dataset: AnyDataset,
  part: string | undefined,
  shape: Shape,
  system: string,
): AsyncGenerator<unknown> {
  if (shape.ranking) {
    for await (const { messages, chosen, rejected } of preferenceRows(dataset, part)) {
      const answer = (content: string) => ({ role: 'assistant', content });
      yield { messages: withSystem(messages, system), chosen: answer(chosen), rejected: answer(rejected) };
    }
    return;
  }
  for await (const row of sftRows(dataset, part)) {
    if (shape.messages) yield { messages: toMessages(row, system) };
    else if (row.form === 'alpaca') yield alpacaLine(row, shape.history, system);
  }
}

function alpacaLine(row: AlpacaRow, withHistory: boolean, usual: string): Record<string, unknown> {
  const { instruction, input, output, system = usual, history } = row;
  return { instruction, input, output, system, ...(withHistory ? { history } : {}) };
}

function entry(fileName: string, { ranking, messages, history }: Shape): Record<string, unknown> {
  const file = { file_name: fileName };
  if (ranking) {
    const columns = { messages: 'messages', chosen: 'chosen', rejected: 'rejected' };
    return { ...file, ranking: true, formatting: 'sharegpt', columns, tags: MESSAGES_TAGS };
  }
  if (messages) return { ...file, formatting: 'sharegpt', columns: { messages: 'messages' }, tags: MESSAGES_TAGS };
  const columns = history ? { ...ALPACA_COLUMNS, history: 'history' } : ALPACA_COLUMNS;
  return { ...file, formatting: 'alpaca', columns };
}

function readInfo(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  try {
    return infoSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new RagtuiError('corrupt', `${file} is not a JSON object.`, 'Export into another folder, or remove it.');
  }
}
