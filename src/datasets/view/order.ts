import { throwIfAborted } from '../../platform/files.ts';
import { readFindings } from '../doctor/findings-file.ts';
import type { AnyDataset } from '../open.ts';
import type { DatasetRow } from '../types.ts';
import { matchesQuery, parseQuery } from './query.ts';
import { rowField } from './row-texts.ts';

export interface ViewWish {
  readonly part: string;
  /** As `parseQuery` reads it; '' = all. */
  readonly filter: string;
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
}

export interface ViewOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Waited for between rows, by who must not block. */
  readonly pause?: () => Promise<void> | undefined;
}

const TOLD_EVERY = 1000;
const SORTED_CHARS = 64;
const collator = new Intl.Collator('zh');

/** The numbers of the rows that a filter lets through, in the order wished. Errors: `not-found` for the part. */
export async function rowOrder(dataset: AnyDataset, wish: ViewWish, options: ViewOptions = {}): Promise<Uint32Array> {
  const numbers = dataset.rowNumbers(wish.part);
  const terms = parseQuery(wish.filter);
  const { sort } = wish;
  if (terms.length === 0 && (sort === null || sort.column === 'number')) {
    return Uint32Array.from(sort?.descending ? [...numbers].reverse() : numbers);
  }
  const found = terms.some(({ kind }) => kind === 'finding') ? rulesByRow(dataset) : undefined;
  const kept: { number: number; key: string | number }[] = [];
  let done = 0;
  for (const row of eachOf(dataset, numbers)) {
    const number = numbers[done] ?? 0;
    if (matchesQuery(row, terms, found?.get(number))) kept.push({ number, key: sort ? keyOf(row, sort.column) : 0 });
    done++;
    if (done % TOLD_EVERY === 0) {
      throwIfAborted(options.signal);
      options.onProgress?.(done, numbers.length);
    }
    const pause = options.pause?.();
    if (pause) {
      await pause;
      throwIfAborted(options.signal);
    }
  }
  if (sort) kept.sort((a, b) => (sort.descending ? -1 : 1) * compared(a.key, b.key) || a.number - b.number);
  return Uint32Array.from(kept, ({ number }) => number);
}

const compared = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));

/** `length`: characters of the whole row; else the beginning of a field. */
const keyOf = (row: DatasetRow, column: string): string | number =>
  column === 'length' ? JSON.stringify(row).length : rowField(row, column).slice(0, SORTED_CHARS);

function* eachOf(dataset: AnyDataset, numbers: readonly number[]): Generator<DatasetRow> {
  yield* dataset.pick(numbers);
}

function rulesByRow(dataset: AnyDataset): ReadonlyMap<number, readonly string[]> {
  const findings = readFindings(dataset.folder);
  const rules = new Map<number, string[]>();
  for (const { finding } of findings?.read(findings.places()) ?? []) {
    if (finding.row === null) continue;
    const known = rules.get(finding.row);
    if (known) known.push(finding.rule);
    else rules.set(finding.row, [finding.rule]);
  }
  return rules;
}
