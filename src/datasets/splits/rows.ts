import { nearContexts } from '../doctor/near-contexts.ts';
import { RowIndex } from '../doctor/row-index.ts';
import { viewOf } from '../doctor/row-view.ts';
import type { AnyDataset } from '../open.ts';
import { type DatasetRow, isComplete } from '../types.ts';
import { textKey } from '../version-writer.ts';
import { type Stratum, stratumOf } from './strata.ts';

/** What a split needs of a row. */
export interface SplitRow {
  /** Of the context's text; '' when it has none. */
  readonly text: string;
  /** What must stay together: rows that share one of these, directly or through others, are one unit. */
  readonly keys: readonly string[];
  readonly complete: boolean;
  readonly stratum: string;
}

/** Reads what a split needs of all rows. Errors: `usage` for a field that no row has. */
export async function splitRows(dataset: AnyDataset, group: string, by: Stratum | undefined): Promise<SplitRow[]> {
  const nearGroups = group === 'near' ? await nearGroupsOf(dataset) : undefined;
  const rows: SplitRow[] = [];
  for await (const row of eachRow(dataset)) {
    const text = contextKey(row);
    rows.push({
      text,
      keys: keysOf(row, text, group, nearGroups?.(rows.length) ?? []),
      complete: 'question' in row ? isComplete(row) : true,
      stratum: by === undefined ? '' : stratumOf(row, by),
    });
  }
  return rows;
}

/** A conversation without a context that can be told is its own: the same prompt is the same text. */
function contextKey(row: DatasetRow): string {
  const { contexts, question } = viewOf(row);
  const [first = 'question' in row ? '' : question] = contexts;
  return first.trim() === '' ? '' : textKey(first);
}

function keysOf(row: DatasetRow, text: string, group: string, near: readonly number[]): string[] {
  if (group === 'none') return [];
  const own = [`text ${text}`, ...('question' in row ? [`id ${row.contextId}`] : [])];
  if (group === 'near') return [...own, ...near.map((one) => `near ${one}`)];
  if (!group.startsWith('field:')) return own;
  const name = group.slice('field:'.length);
  const value = 'metadata' in row ? row.metadata[name] : undefined;
  return value === undefined ? own : [...own, `field ${String(value)}`];
}

async function nearGroupsOf(dataset: AnyDataset): Promise<(row: number) => number[]> {
  const index = new RowIndex(dataset.manifest.rows);
  for await (const row of eachRow(dataset)) index.add(viewOf(row));
  const near = nearContexts(index, (number) => dataset.row(number));
  return (row) => index.contextsOf(row).map((context) => near.groupOf(context));
}

async function* eachRow(dataset: AnyDataset): AsyncGenerator<DatasetRow> {
  yield* dataset.rows();
}
