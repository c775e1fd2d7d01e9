import type { z } from 'zod';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { isHubSource } from './hub.ts';
import { type ImportPlan, type ImportWish, planImport, startOf } from './import-plan.ts';
import type { ColumnMap } from './importers/column-map.ts';
import { guessMap } from './importers/column-map.ts';
import { valueAt } from './importers/fields.ts';
import { localInputs } from './inputs.ts';
import type { FilePreview } from './preview.ts';
import { openFile } from './records/open-file.ts';
import { isObject, type JsonObject, type RawRecord } from './records/types.ts';
import { datasetKindSchema } from './types.ts';

const ROWS = 20;
const CELL_CHARS = 400;

/**
 * Looks at the beginning of a file (1 MB at most; of a folder at its first file) and says what is in it, how it would
 * be read, and what rows that makes: with another format, kind or map in `wish` the answer changes at once. What stands
 * against it is in `problem`. Errors: `not-found`, `permission`, `unsupported` for a file that is no text.
 */
export async function previewFile(source: string, wish: ImportWish = {}): Promise<FilePreview> {
  if (isHubSource(source)) {
    throw new RagtuiError(
      'usage',
      'A dataset of the hub can be looked at only once it is here.',
      'Import it: what it is read as is said then, and "dataset delete" takes it away again.',
    );
  }
  const inputs = localInputs(source);
  const file = openFile(inputs[0]?.path ?? source);
  const base = { file: inputs[0]?.name ?? '', files: inputs.length, bytes: file.size, encoding: file.encoding.label };
  try {
    const start = await startOf(file, wish, ROWS);
    const objects = start.records.flatMap(({ value }) => (isObject(value) ? [value] : []));
    const names = [...start.columns, ...innerColumns(start.columns, objects)];
    const shown = {
      ...base,
      container: start.container.type === 'csv' ? csvName(start.container.delimiter) : start.container.type,
      columns: names.map((name) => ({ name, sample: sampleOf(objects, name) })),
      records: start.records.map((record) => recordCells(record, names)),
      maps: maps(start.columns, objects),
    };
    try {
      const plan = planImport(file, start, wish);
      const { importer, map, detected } = plan;
      const said = { format: importer.format, kind: importer.kind, detected, ...(map ? { map: { ...map } } : {}) };
      return { ...shown, plan: said, rows: firstRows(plan, start.records) };
    } catch (error) {
      return { ...shown, problem: problemOf(error), rows: [] };
    }
  } catch (error) {
    if (!(error instanceof RagtuiError)) throw error;
    return { ...base, container: '', columns: [], records: [], maps: {}, problem: problemOf(error), rows: [] };
  }
}

const problemOf = (error: unknown): { message: string; hint: string } => {
  const { message, hint } = toRagtuiError(error);
  return { message, hint };
};

const csvName = (delimiter: string): string =>
  ({ ',': 'csv', '\t': 'csv (tabs)', ';': 'csv (semicolons)', '|': 'csv (bars)' })[delimiter] ?? 'csv';

/** `answers.text` for columns that hold objects. */
function innerColumns(columns: readonly string[], records: readonly JsonObject[]): string[] {
  return columns.flatMap((column) => {
    const value = records[0]?.[column];
    return isObject(value) ? Object.keys(value).map((name) => `${column}.${name}`) : [];
  });
}

function maps(columns: readonly string[], records: readonly JsonObject[]): FilePreview['maps'] {
  const found: Partial<Record<z.infer<typeof datasetKindSchema>, Record<string, string>>> = {};
  for (const kind of datasetKindSchema.options) {
    const map: ColumnMap | undefined = guessMap(kind, columns, records);
    if (map) found[kind] = { ...map };
  }
  return found;
}

const cell = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, CELL_CHARS);

const sampleOf = (records: readonly JsonObject[], column: string): string =>
  records.map((record) => cell(valueAt(record, column))).find((text) => text !== '' && text !== 'null') ?? '';

function recordCells({ line, value }: RawRecord, columns: readonly string[]): FilePreview['records'][number] {
  if (!isObject(value)) return { line, cells: [], problem: String(value) };
  return { line, cells: columns.map((column) => cell(valueAt(value, column))) };
}

function firstRows(plan: ImportPlan, records: readonly RawRecord[]): FilePreview['rows'] {
  const rows: FilePreview['rows'] = [];
  for (const [index, { line, value }] of records.entries()) {
    if (!isObject(value)) {
      rows.push({ line, problem: String(value) });
      continue;
    }
    for (const imported of plan.importer.rows(value, { line, index })) {
      rows.push('row' in imported ? { line, row: imported.row } : { line, problem: imported.problem.message });
      if (rows.length >= ROWS) return rows;
    }
  }
  return rows;
}
