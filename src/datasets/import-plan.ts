import { RagtuiError } from '../platform/errors.ts';
import { type ColumnMap, guessMap, kindOfMap, mappedName } from './importers/column-map.ts';
import { valueAt } from './importers/fields.ts';
import { type AnyImporter, findImporter, formatWords, matchingImporter, tableFormat } from './importers/registry.ts';
import { TABLE_FORMAT, tableImporter } from './importers/table.ts';
import { containerOf } from './records/container.ts';
import { ANY_LIST, firstElements } from './records/json-elements.ts';
import type { OpenedFile } from './records/open-file.ts';
import { firstRecords } from './records/read.ts';
import { type Container, isObject, type JsonObject, type RawRecord } from './records/types.ts';
import type { DatasetKind } from './types.ts';

export interface ImportWish {
  /** Absent: found by the content. */
  readonly format?: string;
  /** For formats that can be read in two ways, and for tables. */
  readonly kind?: DatasetKind;
  /** For any table: which column is which field. */
  readonly map?: ColumnMap;
}

/** How a file will be read. */
export interface ImportPlan {
  readonly container: Container;
  readonly listKey: string;
  readonly importer: AnyImporter;
  /** Of a table. */
  readonly map?: ColumnMap;
  /** Whether the format was found rather than named. */
  readonly detected: boolean;
}

/** The beginning of a file, before it is decided what its records mean. */
export interface FileStart {
  readonly container: Container;
  readonly listKey: string;
  readonly columns: readonly string[];
  readonly records: readonly RawRecord[];
}

const SAMPLE_RECORDS = 20;
const GUESSED_KINDS = ['qa', 'preference', 'sft', 'retrieval'] as const;

/** Whether a format of this name, and of this kind, exists at all. Errors: `usage`. */
export function checkWish({ format, kind }: ImportWish): void {
  if (format !== undefined && !tableFormat(format)) findImporter(format, kind);
}

/** Reads the beginning of a file. Errors: `invalid` for an empty one, `corrupt`. */
export async function startOf(file: OpenedFile, wish: ImportWish, count = SAMPLE_RECORDS): Promise<FileStart> {
  const named = wish.format === undefined ? undefined : tableFormat(wish.format);
  const container = containerOf(file, named?.container);
  const listKey = container.type === 'json' && firstElements(file.head, 'data').hasList ? 'data' : ANY_LIST;
  return { container, listKey, ...(await firstRecords(file, container, listKey, count)) };
}

/**
 * Decides how to read a file: by the map, by the format that was named, or by what its first records look like.
 * Errors: `usage` for a wrong format or map, `invalid` when columns are missing or nothing fits.
 */
export function planImport(file: OpenedFile, start: FileStart, wish: ImportWish): ImportPlan {
  const { format, kind, map } = wish;
  const records = start.records.flatMap(({ value }) => (isObject(value) ? [value] : []));
  const plan = (importer: AnyImporter, more: Partial<ImportPlan> = {}): ImportPlan => ({
    container: start.container,
    listKey: importer.listKey ?? start.listKey,
    importer,
    detected: format === undefined,
    ...more,
  });
  const byMap = (found: ColumnMap, of: DatasetKind): ImportPlan => plan(tableImporter(of, found), { map: found });
  if (map) {
    if (format !== undefined && !tableFormat(format))
      throw new RagtuiError('usage', `The format ${format} has its own columns.`, 'Leave out --format or --map.');
    return checked(file, start, records, byMap(map, kindOfMap(map, kind)));
  }
  if (format !== undefined && !tableFormat(format)) {
    const importer = findImporter(format, kind);
    return checked(file, start, records, inItsContainer(plan(importer), records));
  }
  const known = format === undefined && records.length > 0 ? matchingImporter(records, kind) : undefined;
  if (known) return checked(file, start, records, plan(known));
  for (const one of kind ? [kind] : GUESSED_KINDS) {
    const guess = guessMap(one, start.columns, records);
    if (guess) return byMap(guess, one);
  }
  throw notFound(file, start, records);
}

/** A format whose files are one object is not read as lines, unless its records stand on lines. */
function inItsContainer(plan: ImportPlan, records: readonly JsonObject[]): ImportPlan {
  const lines = plan.container.type === 'jsonl' && plan.importer.listKey !== undefined;
  return lines && !records.some((one) => plan.importer.matches(one)) ? { ...plan, container: { type: 'json' } } : plan;
}

/** In a table every row has the same columns: one that is missing is told once, not with every row. */
function checked(
  file: OpenedFile,
  { container, columns }: FileStart,
  records: readonly JsonObject[],
  plan: ImportPlan,
) {
  if (container.type !== 'csv' && container.type !== 'parquet') return plan;
  const has = (column: string): boolean =>
    columns.includes(column) || records.some((record) => valueAt(record, column) !== undefined);
  const missing = (plan.importer.columns ?? []).filter((column) => !has(column));
  if (missing.length === 0) return plan;
  throw new RagtuiError(
    'invalid',
    `${file.name}: the header has no column ${missing.join(', ')}.`,
    `Its columns are: ${columns.join(', ')}. Say which is which with --map question=Q,context=C,answers=A.`,
  );
}

function notFound(file: OpenedFile, { columns, records: all }: FileStart, records: readonly JsonObject[]): RagtuiError {
  const first = all.find(({ value }) => typeof value === 'string');
  if (records.length === 0) {
    const why = first ? ` Line ${first.line}: ${String(first.value)}.` : ' It has no rows.';
    return new RagtuiError(
      'invalid',
      `${file.name} is in no format that is known.${why}`,
      `Formats: ${formatWords().join(', ')}.`,
    );
  }
  return new RagtuiError(
    'invalid',
    `${file.name} is in no format that is known; its columns are ${columns.join(', ')}.`,
    `Say which is which, e.g. --map question=${mappedName(columns[0] ?? 'Q')},context=C,answers=A (${TABLE_FORMAT}), or name a --format.`,
  );
}
