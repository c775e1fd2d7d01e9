import type { AnyDataset } from '../open.ts';
import type { DatasetKind } from '../types.ts';

export interface ExportOptions {
  /** For rows without a system text; null leaves them without. Default: `SFT_SYSTEM`, since engines put in their own. */
  readonly system?: string | null;
  /** `qa` rows for an embedder: random negatives for each question, their seed, and the query instruction. */
  readonly negatives?: number;
  readonly seed?: number;
  readonly instruction?: string;
  /** CSV: cells that a spreadsheet would run as a formula get an apostrophe before them. */
  readonly spreadsheet?: boolean;
}

export interface Exported {
  /** The rows. */
  readonly file: string;
  /** All that was written, the rows first. */
  readonly files: readonly string[];
  readonly rows: number;
  /** Incomplete rows that were left out. */
  readonly omitted: number;
  /** What a person should know: what the format cannot hold, what an engine does with it. */
  readonly notes: readonly string[];
}

/** Writes a part of a dataset in one format. A new format is a file with one of these and a line in `registry.ts`. */
export interface Exporter {
  /** What `--to` takes. */
  readonly id: string;
  readonly title: string;
  /** What is written and for whom, in one line. */
  readonly description: string;
  readonly kinds: readonly DatasetKind[];
  /** Kinds of which nothing is lost but ids: the file read back gives the same rows (a test checks it). */
  readonly lossless: readonly DatasetKind[];
  /** Errors: `not-found` for the part, `invalid` when no row is left, `unsupported` for another kind. */
  write(dataset: AnyDataset, part: string | undefined, folder: string, options: ExportOptions): Promise<Exported>;
}
