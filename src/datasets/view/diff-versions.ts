import { createHash } from 'node:crypto';
import { throwIfAborted } from '../../platform/files.ts';
import type { AnyDataset } from '../open.ts';
import type { DatasetRow } from '../types.ts';
import { rowTexts } from './row-texts.ts';

/** One row that differs; the number is null on the side that does not have it. */
export interface RowChange {
  readonly kind: 'changed' | 'added' | 'removed';
  readonly before: number | null;
  readonly after: number | null;
  /** The beginning of its question. */
  readonly title: string;
}

export interface VersionDiff {
  readonly same: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  /** Rows that both have stand in another order. */
  readonly reordered: boolean;
  /** The first of them, in the order of the rows. */
  readonly changes: readonly RowChange[];
}

export interface DiffOptions {
  /** How many changes are listed; all are counted. */
  readonly most: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const TOLD_EVERY = 1000;
const TITLE_CHARS = 120;

/**
 * What differs between two versions. Rows belong together by their id (retrieval rows: by their query); of several with
 * one id, equal ones first, then in their order. Memory: some 40 bytes a row, no texts.
 */
export async function diffVersions(
  before: AnyDataset,
  after: AnyDataset,
  { most, signal, onProgress }: DiffOptions,
): Promise<VersionDiff> {
  const total = before.manifest.rows + after.manifest.rows;
  const told = (done: number): void => {
    throwIfAborted(signal);
    onProgress?.(done, total);
  };
  const a = await readMarks(before, told);
  const b = await readMarks(after, (done) => told(a.keys.length + done));
  const { found, ...counts } = compared(a, b, partners(a, b), most);
  const changes = found.map((one) => ({
    ...one,
    title: titleOf(one.after === null ? before.row(one.before ?? 0) : after.row(one.after)),
  }));
  return { ...counts, changes };
}

/** Of each row a number of its id and one of its content: 48 bits of SHA-256, which doubles hold exactly. */
interface Marks {
  readonly keys: Float64Array;
  readonly contents: Float64Array;
}

async function readMarks(dataset: AnyDataset, told: (done: number) => void): Promise<Marks> {
  const { rows } = dataset.manifest;
  const marks = { keys: new Float64Array(rows), contents: new Float64Array(rows) };
  let at = 0;
  for await (const row of eachRow(dataset)) {
    marks.keys[at] = hash48('id' in row ? row.id : row.query);
    marks.contents[at] = hash48(JSON.stringify(row));
    at++;
    if (at % TOLD_EVERY === 0) told(at);
  }
  return marks;
}

async function* eachRow(dataset: AnyDataset): AsyncGenerator<DatasetRow> {
  yield* dataset.rows();
}

const hash48 = (text: string): number => createHash('sha256').update(text).digest().readUIntBE(0, 6);

/** Of each row before, its number after, or -1. The content of a row has its id in it. */
function partners(a: Marks, b: Marks): Int32Array {
  const partner = new Int32Array(a.keys.length).fill(-1);
  const taken = new Uint8Array(b.keys.length);
  for (const of of ['contents', 'keys'] as const) {
    const left = sorted(a[of], (at) => partner[at] === -1);
    const right = sorted(b[of], (at) => taken[at] === 0);
    let [i, j] = [0, 0];
    while (i < left.length && j < right.length) {
      const [x, y] = [left[i] ?? 0, right[j] ?? 0];
      const difference = (a[of][x] ?? 0) - (b[of][y] ?? 0);
      if (difference === 0) {
        partner[x] = y;
        taken[y] = 1;
      }
      if (difference <= 0) i++;
      if (difference >= 0) j++;
    }
  }
  return partner;
}

/** Places in the order of their values, equal ones as they stand. */
function sorted(values: Float64Array, free: (at: number) => boolean): Uint32Array {
  const places = new Uint32Array(values.length).map((_, at) => at).filter(free);
  return places.sort((x, y) => (values[x] ?? 0) - (values[y] ?? 0) || x - y);
}

/** The counts, and the changes without their titles: what is before, in its order; then what was added. */
function compared(a: Marks, b: Marks, partner: Int32Array, most: number) {
  const count = { same: 0, changed: 0, added: b.keys.length, removed: 0 };
  const added = new Uint8Array(b.keys.length).fill(1);
  const found: Omit<RowChange, 'title'>[] = [];
  let [last, reordered] = [-1, false];
  partner.forEach((after, before) => {
    if (after < 0) {
      count.removed++;
      if (found.length < most) found.push({ kind: 'removed', before, after: null });
      return;
    }
    count.added--;
    added[after] = 0;
    reordered ||= after < last;
    last = after;
    if (a.contents[before] === b.contents[after]) count.same++;
    else {
      count.changed++;
      if (found.length < most) found.push({ kind: 'changed', before, after });
    }
  });
  for (let after = added.indexOf(1); after >= 0 && found.length < most; after = added.indexOf(1, after + 1))
    found.push({ kind: 'added', before: null, after });
  return { ...count, reordered, found };
}

function titleOf(row: DatasetRow): string {
  return rowTexts(row)[0].slice(0, TITLE_CHARS);
}

/** A field of a row that differs, as text; '' where the row has no such field. */
export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** The fields in which two rows differ; all of the one that is there when the other is not. Pure. */
export function changedFields(before: DatasetRow | null, after: DatasetRow | null): FieldChange[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((field) => {
    const change = { field, before: old.get(field) ?? '', after: now.get(field) ?? '' };
    return change.before === change.after ? [] : [change];
  });
}

const fieldsOf = (row: DatasetRow | null): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(row ?? {}).map(([field, value]) => [
      field,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
