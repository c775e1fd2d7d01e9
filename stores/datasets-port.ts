import type { Findings } from '../src/datasets/doctor/findings-file.ts';
import type { FilePreview } from '../src/datasets/preview.ts';
import type { DatasetTask, DatasetTaskResult } from '../src/datasets/task.ts';
import type { DatasetManifest, DatasetRow } from '../src/datasets/types.ts';
import type { TaskOptions } from './child-task.ts';

/** A row as the table shows it. */
export interface RowSummary {
  readonly number: number;
  readonly question: string;
  readonly answer: string;
}

export interface VersionRef {
  readonly name: string;
  readonly version: string;
}

export interface ViewWish extends VersionRef {
  readonly part: string;
  readonly filter: string;
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
}

/** Findings of one check, read page by page. */
export type FindingsReader = Pick<Findings, 'summary' | 'places' | 'read' | 'rowAt'>;

/** Datasets as the screens need them. What takes longer than a frame runs elsewhere or in slices. */
export interface DatasetsPort {
  list(): Promise<readonly DatasetManifest[]>;
  /** The rows of a part from its start, handed over in pieces; ends early when the signal aborts. */
  summaries(
    dataset: { readonly name: string; readonly version: string; readonly part: string },
    options: { readonly signal: AbortSignal; readonly onRows: (rows: readonly RowSummary[]) => void },
  ): Promise<void>;
  row(name: string, version: string, number: number): Promise<DatasetRow>;
  /** As many of these rows as a few milliseconds allow, at least one. */
  some(dataset: VersionRef, numbers: readonly number[]): readonly RowSummary[];
  /** The numbers of the rows that are shown; null: all, in their order. */
  order(wish: ViewWish, options: TaskOptions): Promise<Uint32Array | null>;
  /** What the last check of a version found; null: it was not checked. */
  findings(dataset: VersionRef): FindingsReader | null;
  versions(name: string): readonly DatasetManifest[];
  makeCurrent(dataset: VersionRef): Promise<void>;
  /** Back to the version that the current one was made from. */
  undo(name: string): Promise<DatasetManifest>;
  /** What is in a file, before it is imported. */
  preview(task: Extract<DatasetTask, { op: 'preview' }>, options: TaskOptions): Promise<FilePreview>;
  run(task: DatasetTask, options: TaskOptions): Promise<DatasetTaskResult>;
  /** A short look beside the work under way; one that is aborted at once starts no process. */
  aside(task: DatasetTask, options: TaskOptions): Promise<DatasetTaskResult>;
  remove(name: string): Promise<void>;
}
