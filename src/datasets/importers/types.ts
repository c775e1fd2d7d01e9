import type { JsonObject } from '../records/types.ts';
import type { DatasetKind, RowOf, RowProblem } from '../types.ts';

/** Where a record stands. */
export interface RecordPlace {
  /** In its file, from 1. */
  readonly line: number;
  /** Over all files of the import, from 0: what a row without an id is called by. */
  readonly index: number;
}

/** A row of the dataset to be, or what is wrong with one of the source. */
export type Imported<K extends DatasetKind> = { readonly row: RowOf[K] } | { readonly problem: RowProblem };

/** Makes rows of the records of one format; in what container they come (JSON, CSV, Parquet …) is no concern of it. */
export interface Importer<K extends DatasetKind> {
  readonly format: string;
  readonly kind: K;
  /** For help: what the records look like. */
  readonly description: string;
  /** The list in a JSON file that is one object; absent: whichever comes first. */
  readonly listKey?: string;
  /** Columns that a table must have for this format. */
  readonly columns?: readonly string[];
  /** Whether a record looks like this format, to find it by content. */
  matches(record: JsonObject): boolean;
  rows(record: JsonObject, place: RecordPlace): Iterable<Imported<K>>;
}

export const skipped = (line: number, message: string): { problem: RowProblem } => ({
  problem: { severity: 'skipped', line, message },
});
export const warning = (line: number, message: string): { problem: RowProblem } => ({
  problem: { severity: 'warning', line, message },
});
