import { isObject, type JsonObject } from '../records/types.ts';
import type { DatasetKind } from '../types.ts';
import { alpacaRow } from './alpaca.ts';
import { type ColumnMap, columnMapText } from './column-map.ts';
import { contextIdOf, emptyFields, isText, listOf, textsOf, valueAt } from './fields.ts';
import { scalars } from './financial-qa.ts';
import { preference } from './preference.ts';
import { retrieval } from './retrieval.ts';
import { type Importer, skipped, warning } from './types.ts';

export const TABLE_FORMAT = 'table';

/** An importer of any table by a column map. Columns of a `qa` table that are not mapped become metadata. */
export function tableImporter(kind: DatasetKind, map: ColumnMap): AnyTableImporter {
  switch (kind) {
    case 'qa':
      return qaTable(map);
    case 'sft':
      return sftTable(map);
    case 'retrieval':
      return {
        ...retrieval,
        ...common(map),
        rows: (record, place) => retrieval.rows(renamed(record, map, ['pos', 'neg']), place),
      };
    case 'preference':
      return { ...preference, ...common(map), rows: (record, place) => preference.rows(renamed(record, map), place) };
  }
}
type AnyTableImporter = { [K in DatasetKind]: Importer<K> }[DatasetKind];

const common = (map: ColumnMap) => ({
  format: TABLE_FORMAT,
  description: `a table by the map ${columnMapText(map)}`,
  columns: Object.values(map),
  matches: () => false,
});

/** A record with the names that our importers know. `lists`: fields of which one text stands for a list of it. */
function renamed(record: JsonObject, map: ColumnMap, lists: readonly string[] = []): JsonObject {
  return Object.fromEntries(
    Object.entries(map).flatMap(([name, column]) => {
      const value = valueAt(record, column);
      if (value === undefined || value === null) return [];
      return [[name, lists.includes(name) ? (textsOf(value) ?? value) : value]];
    }),
  );
}

function sftTable(map: ColumnMap): Importer<'sft'> {
  return {
    ...common(map),
    kind: 'sft',
    *rows(record, { line, index }) {
      const row = alpacaRow(renamed(record, map), `row-${index}`);
      yield isText(row) ? skipped(line, `${row}.`) : { row };
    },
  };
}

function qaTable(map: ColumnMap): Importer<'qa'> {
  const mapped = new Set(Object.values(map).map((column) => column.split('.')[0]));
  return {
    ...common(map),
    kind: 'qa',
    *rows(record, { line, index }) {
      const read = renamed(record, map);
      const question = oneText(read['question']);
      const context = oneText(read['context']);
      const answers = textsOf(read['answers']) ?? [];
      if (answers.length === 0) {
        yield skipped(line, `it has no answer in the column ${map['answers'] ?? ''}.`);
        return;
      }
      const empty = emptyFields({ question, context, answer: answers[0] ?? '' });
      if (empty) yield warning(line, `${empty}.`);
      const start = listOf(valueAt(record, 'answers.answer_start'))?.[0];
      const metadata = {
        ...otherColumns(record, mapped),
        ...(typeof start === 'number' ? { answerStart: start } : {}),
      };
      const id = oneText(read['id']) || `row-${index}`;
      const contextId = oneText(read['contextId']) || contextIdOf(context);
      yield { row: { id, contextId, context, question, answers, metadata } };
    },
  };
}

/** A text as it is, a number as text, a list of passages as one. */
function oneText(value: unknown): string {
  if (isText(value)) return value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? value.filter(isText).join('\n') : '';
}

/** What is not mapped; a column `metadata` that holds an object (as we export it) is taken apart. */
function otherColumns(record: JsonObject, mapped: ReadonlySet<string | undefined>) {
  const others = Object.fromEntries(Object.entries(record).filter(([name]) => !mapped.has(name)));
  const { metadata, ...plain } = others;
  const inner = objectOf(metadata);
  return inner ? { ...scalars(plain), ...scalars(inner) } : scalars(others);
}

function objectOf(value: unknown): JsonObject | undefined {
  if (isObject(value)) return value;
  if (!isText(value) || !value.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
