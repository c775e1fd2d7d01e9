import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { toRagtuiError } from '../../platform/errors.ts';
import { syncPath } from '../../platform/files.ts';
import type { AnyDataset } from '../open.ts';
import { type Cell, type TableColumn, type TableShape, tableShape } from './columns.ts';
import { rowsOf } from './jsonl.ts';
import { exportFile } from './rows.ts';
import type { Exporter } from './types.ts';

/** Small enough to be read back in little memory. */
const ROW_GROUP_ROWS = 10_000;

/** Parquet with lists of texts and of turns as lists; metadata as JSON in a text. */
export const parquet: Exporter = {
  id: 'parquet',
  title: 'Parquet',
  description: 'a table with typed columns (lists as lists), compressed; what datasets and pandas read',
  kinds: ['qa', 'sft', 'retrieval', 'preference'],
  lossless: ['qa', 'sft', 'retrieval', 'preference'],
  async write(dataset, part, folder) {
    const shape = await tableShape(dataset, part);
    const file = exportFile(dataset, part, folder, '.parquet');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
    const counted = { rows: 0 };
    // Here, since a screen lists the exporters without writing anything.
    const { fileWriter, parquetWriteRows } = await import('hyparquet-writer');
    try {
      await parquetWriteRows({
        writer: fileWriter(temporary),
        rows: tableRows(dataset, part, shape, counted),
        columns: shape.columns.map(({ name }) => ({ name })),
        schema: [{ name: 'root', num_children: shape.columns.length }, ...shape.columns.flatMap(schemaOf)],
        rowGroupSize: ROW_GROUP_ROWS,
        createdBy: 'ragtui',
      });
      syncPath(temporary);
      renameSync(temporary, file);
      syncPath(path.dirname(file));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw toRagtuiError(error);
    }
    return { file, files: [file], rows: counted.rows, omitted: 0, notes: [] };
  },
};

const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});

/** JSON goes as text: Arrow has a type for it that Hugging Face's datasets cannot read. */
function schemaOf({ name, type }: TableColumn): SchemaElement[] {
  if (type === 'text' || type === 'json') return [text(name)];
  if (type === 'texts') return list(name, [text('element')]);
  if (type === 'pairs') return list(name, list('element', [text('element')]));
  const turn: SchemaElement = { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 };
  return list(name, [turn, text('role'), text('content')]);
}

const list = (name: string, element: readonly SchemaElement[]): SchemaElement[] => [
  { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ...element,
];

async function* tableRows(
  dataset: AnyDataset,
  part: string | undefined,
  { columns, cells }: TableShape,
  counted: { rows: number },
): AsyncGenerator<Record<string, unknown>> {
  for await (const row of rowsOf(dataset, part)) {
    counted.rows++;
    const found = cells(row);
    yield Object.fromEntries(columns.map((column) => [column.name, plain(column, found[column.name] ?? null)]));
  }
}

function plain({ type }: TableColumn, cell: Cell): unknown {
  const value = typeof cell === 'object' && cell !== null && 'value' in cell ? cell.value : cell;
  return type === 'json' ? JSON.stringify(value) : value;
}
