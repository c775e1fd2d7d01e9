import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeJsonAtomic } from '../models/files.ts';
import { RagtuiError } from '../platform/errors.ts';
import { partName } from './contexts.ts';
import type { AnyDataset } from './open.ts';
import { qaToAlpaca, SFT_SYSTEM, toMessages } from './render.ts';
import type { AlpacaRow, SftRow } from './types.ts';
import { replaceLines } from './write-lines.ts';

export interface LlamaFactoryExport {
  /** What goes into `dataset:` of the training file. */
  readonly dataset: string;
  readonly rowsFile: string;
  /** `dataset_info.json`; its folder is `dataset_dir`. */
  readonly infoFile: string;
  readonly rows: number;
  /** Incomplete rows that were left out. */
  readonly omitted: number;
}

/** All columns that are used: once `columns` is there, LLaMA-Factory takes every other one for absent. */
const ALPACA_COLUMNS = { prompt: 'instruction', query: 'input', response: 'output', system: 'system' };

/** OpenAI rows as `sharegpt` with tags: the engine's own `openai` adds a text of its own to the system message. */
const MESSAGES_ENTRY = {
  formatting: 'sharegpt',
  columns: { messages: 'messages' },
  tags: {
    role_tag: 'role',
    content_tag: 'content',
    user_tag: 'user',
    assistant_tag: 'assistant',
    system_tag: 'system',
  },
};

const infoSchema = z.record(z.string(), z.unknown());

/**
 * Writes a part as rows for LLaMA-Factory and names them in `dataset_info.json` beside them; other entries there stay.
 * `qa` rows become the SFT prompt; every row carries its system text. The same rows give the same bytes.
 * Errors: `unsupported` for retrieval rows, `invalid` when no row is left.
 */
export async function exportLlamaFactory(
  dataset: AnyDataset,
  part: string | undefined,
  folder: string,
): Promise<LlamaFactoryExport> {
  const name = `${dataset.manifest.slug}-${partName(part)}`;
  const shape = await shapeOf(dataset, part);
  const rowsFile = path.join(folder, `${name}.jsonl`);
  const infoFile = path.join(folder, 'dataset_info.json');
  const others = readInfo(infoFile);
  const rows = await replaceLines(rowsFile, lines(dataset, part, shape));
  if (rows === 0) throw new RagtuiError('invalid', `The part "${part ?? 'all'}" has no complete row.`, 'Take another.');
  writeJsonAtomic(infoFile, { ...others, [name]: entry(path.basename(rowsFile), shape) });
  return { dataset: name, rowsFile, infoFile, rows, omitted: dataset.count(part) - rows };
}

interface Shape {
  readonly messages: boolean;
  /** Listed only where some row has one: an all-empty column has no type. */
  readonly history: boolean;
}

async function shapeOf(dataset: AnyDataset, part: string | undefined): Promise<Shape> {
  let messages = false;
  let history = false;
  if (dataset.kind === 'sft') {
    for await (const row of dataset.rows(part)) {
      messages ||= row.form === 'messages';
      history ||= row.form === 'alpaca' && row.history.length > 0;
    }
  }
  return { messages, history };
}

async function* lines(dataset: AnyDataset, part: string | undefined, shape: Shape): AsyncGenerator<unknown> {
  for await (const row of sftRows(dataset, part)) {
    if (shape.messages) yield { messages: toMessages(row) };
    else if (row.form === 'alpaca') yield alpacaLine(row, shape.history);
  }
}

/** The rows of a part as training rows. Errors: `unsupported` for retrieval rows. */
async function* sftRows(dataset: AnyDataset, part: string | undefined): AsyncGenerator<SftRow> {
  if (dataset.kind === 'sft') yield* dataset.rows(part);
  else if (dataset.kind === 'qa') {
    for await (const row of dataset.rows(part)) {
      const rendered = qaToAlpaca(row);
      if (rendered) yield rendered;
    }
  } else {
    throw new RagtuiError(
      'unsupported',
      `The dataset "${dataset.manifest.name}" holds retrieval rows; an LLM is trained on qa or sft rows.`,
      'Export it to flagembedding.',
    );
  }
}

function alpacaLine(row: AlpacaRow, withHistory: boolean): Record<string, unknown> {
  const { instruction, input, output, system = SFT_SYSTEM, history } = row;
  return { instruction, input, output, system, ...(withHistory ? { history } : {}) };
}

function entry(fileName: string, { messages, history }: Shape): Record<string, unknown> {
  if (messages) return { file_name: fileName, ...MESSAGES_ENTRY };
  const columns = history ? { ...ALPACA_COLUMNS, history: 'history' } : ALPACA_COLUMNS;
  return { file_name: fileName, formatting: 'alpaca', columns };
}

function readInfo(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {};
  try {
    return infoSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new RagtuiError('corrupt', `${file} is not a JSON object.`, 'Export into another folder, or remove it.');
  }
}
