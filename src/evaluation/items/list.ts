import { RagtuiError } from '../../platform/errors.ts';
import type { QuestionRow, RunFigures } from '../figures.ts';
import { findMetric } from '../metrics/registry.ts';
import { parseExpression } from './expression.ts';
import { differenceOfItem, findField, type ItemScope } from './fields.ts';
import { itemTest } from './filter.ts';

/** Which items, in which order. */
export interface ItemsWish {
  /** As `parseExpression` reads it; '' = all. */
  readonly filter: string;
  /** A field (`diff`, `em`, `base.length`), ascending; with "-" before it descending; '' = the order of the run. */
  readonly sort: string;
}

/** The items that a filter lets through, sorted; what a field does not know of comes last. Errors: `usage`. Pure. */
export function listItems(rows: readonly QuestionRow[], scope: ItemScope, { filter, sort }: ItemsWish): QuestionRow[] {
  const found = rows.filter(itemTest(parseExpression(filter), scope));
  if (sort === '') return found;
  const descending = sort.startsWith('-');
  const field = findField(descending ? sort.slice(1) : sort, scope);
  if (typeof field === 'string') throw new RagtuiError('usage', `It cannot be sorted by that: ${field}`);
  const sign = descending ? -1 : 1;
  if (field.kind === 'number') {
    return sorted(found, field.of, (a, b) => sign * (a - b));
  }
  return sorted(found, field.of, (a, b) => sign * (a < b ? -1 : a > b ? 1 : 0));
}

function sorted<T>(
  rows: readonly QuestionRow[],
  of: (row: QuestionRow) => T | undefined,
  compare: (a: T, b: T) => number,
): QuestionRow[] {
  return rows
    .map((row) => ({ row, value: of(row) }))
    .sort(({ value: a }, { value: b }) => {
      if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
      return compare(a, b);
    })
    .map(({ row }) => row);
}

export type ItemChange = 'regression' | 'improvement';

/** Whether the column did worse or better than its base on an item, by the primary metric; undefined: the same, or unknown. Pure. */
export function changeOf(row: QuestionRow, scope: ItemScope): ItemChange | undefined {
  const difference = differenceOfItem(row, scope.primary, scope) ?? 0;
  if (difference === 0) return undefined;
  const better = findMetric(scope.primary).direction === 'higher' ? difference > 0 : difference < 0;
  return better ? 'improvement' : 'regression';
}

/** The place of the next item of that kind after `from` (-1: from the first on), going round; undefined if there is none. Pure. */
export function nextChange(
  rows: readonly QuestionRow[],
  from: number,
  wanted: ItemChange,
  scope: ItemScope,
): number | undefined {
  for (let step = 1; step <= rows.length; step++) {
    const at = (from + step) % rows.length;
    const row = rows[at];
    if (row && changeOf(row, scope) === wanted) return at;
  }
  return undefined;
}

/** Names as a run has them; by default the last column that was asked is compared with the first. Errors: `not-found`. Pure. */
export function scopeOf(
  { report }: Pick<RunFigures, 'report'>,
  { column, base, blame, notes }: Pick<ItemScope, 'blame' | 'notes'> & { column: string | null; base: string | null },
): ItemScope {
  const columns = report.columns.map(({ name }) => name);
  const asked = report.columns.filter((one) => !one.baseline).map(({ name }) => name);
  for (const name of [column, base]) {
    if (name === null || columns.includes(name)) continue;
    throw new RagtuiError('not-found', `The run has no column "${name}".`, `It has: ${columns.join(', ')}.`);
  }
  return {
    columns,
    column: column ?? asked.at(-1) ?? '',
    base: base ?? asked[0] ?? '',
    metrics: [report.primary, ...report.run.evaluation.metrics.filter((name) => name !== report.primary)],
    primary: report.primary,
    blame,
    notes,
  };
}
