import type { DatasetKind, RowOf, RowProblem } from '../types.ts';

/** A file that is read once, from its beginning to its end. */
export interface ImportSource {
  /** File name without its folder. */
  readonly name: string;
  /** The text in pieces, without a byte-order mark. */
  readonly text: AsyncIterable<string>;
}

/** A row of the dataset to be, or what is wrong with one of the source. */
export type Imported<K extends DatasetKind> = { readonly row: RowOf[K] } | { readonly problem: RowProblem };

/** Reads one format. Errors: `corrupt` and `invalid` when the file as a whole cannot be read. */
export interface Importer<K extends DatasetKind> {
  readonly format: string;
  readonly kind: K;
  /** For help: what the file looks like. */
  readonly description: string;
  read(source: ImportSource): AsyncGenerator<Imported<K>>;
}

export const skipped = (line: number, message: string): { problem: RowProblem } => ({
  problem: { severity: 'skipped', line, message },
});
export const warning = (line: number, message: string): { problem: RowProblem } => ({
  problem: { severity: 'warning', line, message },
});
