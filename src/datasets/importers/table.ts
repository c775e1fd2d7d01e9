import type { JsonObject } from '../records/types.ts';
import type { DatasetKind } from '../types.ts';
import { alpacaRow } from './alpaca.ts';
import type { ColumnMap } from './column-map.ts';
import { contextIdOf, emptyFields, isText, textsOf, valueAt } from './fields.ts';
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
  description: `a table by the map ${Object.entries(map)
    .map((pair) => pair.join('='))
    .join(',')}`,
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
      const { question: q, context: c, answers: a, id, contextId } = renamed(record, map);
      const [question, context] = [textsOf(q)?.[0] ?? '', textsOf(c)?.join('\n') ?? ''];
      const answers = textsOf(a) ?? [];
      if (answers.length === 0) {
        yield skipped(line, `it has no answer in the column ${map['answers'] ?? ''}.`);
        return;
      }
      const empty = emptyFields({ question, context, answer: answers[0] ?? '' });
      if (empty) yield warning(line, `${empty}.`);
      const metadata = scalars(Object.fromEntries(Object.entries(record).filter(([name]) => !mapped.has(name))));
      yield {
        row: {
          id: textsOf(typeof id === 'number' ? String(id) : id)?.[0] || `row-${index}`,
          contextId:
            textsOf(typeof contextId === 'number' ? String(contextId) : contextId)?.[0] || contextIdOf(context),
          context,
          question,
          answers,
          metadata,
        },
      };
    },
  };
}
