import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { datasetFolder, OFFSET_BYTES, OFFSETS_FILE, ROWS_FILE, SPLITS_FOLDER } from './layout.ts';
import { linesOf } from './lines.ts';
import { readManifest } from './store.ts';
import {
  type DatasetKind,
  type DatasetManifest,
  type RowOf,
  rowSchemas,
  type SplitFile,
  splitFileSchema,
} from './types.ts';

/** A version of a dataset of one kind, for reading. It holds no file open between calls. */
export interface Dataset<K extends DatasetKind> {
  readonly kind: K;
  readonly manifest: DatasetManifest;
  /** Folder of the version. */
  readonly folder: string;
  /** All rows as they stand, or those of a part (`test`, `tutorial/test`, `all`) in its order. Errors: `not-found`, `usage`. */
  rows(part?: string): AsyncIterable<RowOf[K]>;
  /** One row by its number, from 0. Errors: `not-found`, `corrupt`. */
  row(number: number): RowOf[K];
  /** Rows by their numbers, read one by one while the caller asks for more. Errors: as `row`. */
  pick(numbers: Iterable<number>): Generator<RowOf[K]>;
  /** The row numbers of a part, in its order. */
  rowNumbers(part?: string): readonly number[];
  /** How many rows a part has. */
  count(part?: string): number;
}
export type AnyDataset = { [K in DatasetKind]: Dataset<K> }[DatasetKind];

/**
 * Opens a dataset, its current version unless `options.version` names another. Errors: `not-found`, `corrupt`.
 */
export function openDataset(
  paths: WorkspacePaths,
  name: string,
  options: { readonly version?: string } = {},
): AnyDataset {
  const manifest = readManifest(paths, name, options.version);
  switch (manifest.kind) {
    case 'qa':
      return make(paths, manifest, 'qa');
    case 'sft':
      return make(paths, manifest, 'sft');
    case 'retrieval':
      return make(paths, manifest, 'retrieval');
    case 'preference':
      return make(paths, manifest, 'preference');
  }
}

/** `openDataset` for work that needs questions with contexts. Errors: also `unsupported` for another kind. */
export function openQaDataset(
  paths: WorkspacePaths,
  name: string,
  options: { readonly version?: string } = {},
): Dataset<'qa'> {
  const dataset = openDataset(paths, name, options);
  if (dataset.kind === 'qa') return dataset;
  throw new RagtuiError(
    'unsupported',
    `The dataset "${dataset.manifest.name}" holds ${dataset.kind} rows; this needs questions with contexts (qa).`,
    'See "ragtui dataset list".',
  );
}

function make<K extends DatasetKind>(paths: WorkspacePaths, manifest: DatasetManifest, kind: K): Dataset<K> {
  const folder = path.join(datasetFolder(paths, manifest.slug), manifest.version);
  const parse = (line: string, number: number): RowOf[K] => parseRow(kind, line, number, manifest);
  const numbersOf = (part?: string): readonly number[] | undefined =>
    part === undefined || part === 'all' ? undefined : readPart(folder, manifest, part);
  return {
    kind,
    manifest,
    folder,
    rows: (part) => {
      const numbers = numbersOf(part);
      return numbers ? picked(folder, manifest, numbers, parse) : inOrder(folder, parse);
    },
    row: (number) => {
      const reader = new RowReader(folder, manifest);
      try {
        return parse(reader.line(number), number);
      } finally {
        reader.close();
      }
    },
    pick: function* (numbers) {
      const reader = new RowReader(folder, manifest);
      try {
        for (const number of numbers) yield parse(reader.line(number), number);
      } finally {
        reader.close();
      }
    },
    rowNumbers: (part) => numbersOf(part) ?? Array.from({ length: manifest.rows }, (_, number) => number),
    count: (part) => (part === undefined || part === 'all' ? manifest.rows : findPart(manifest, part).rows),
  };
}

function parseRow<K extends DatasetKind>(kind: K, line: string, number: number, manifest: DatasetManifest): RowOf[K] {
  try {
    return rowSchemas[kind].parse(JSON.parse(line));
  } catch {
    throw damaged(manifest, `row ${number} cannot be read`);
  }
}

const damaged = (manifest: DatasetManifest, what: string): RagtuiError =>
  new RagtuiError(
    'corrupt',
    `The dataset "${manifest.name}" ${manifest.version} is damaged: ${what}.`,
    'Restore it from a backup, or delete it and import it again.',
  );

async function* inOrder<T>(folder: string, parse: (line: string, number: number) => T): AsyncGenerator<T> {
  const source = createReadStream(path.join(folder, ROWS_FILE), { encoding: 'utf8', highWaterMark: 1 << 18 });
  try {
    let number = 0;
    for await (const line of linesOf(source)) yield parse(line, number++);
  } catch (error) {
    throw toRagtuiError(error);
  } finally {
    source.destroy();
  }
}

async function* picked<T>(
  folder: string,
  manifest: DatasetManifest,
  numbers: readonly number[],
  parse: (line: string, number: number) => T,
): AsyncGenerator<T> {
  const reader = new RowReader(folder, manifest);
  try {
    for (const number of numbers) yield parse(reader.line(number), number);
  } finally {
    reader.close();
  }
}

/** Reads single lines by their number through the offset file. */
class RowReader {
  private readonly rows: number;
  private readonly offsets: number;

  constructor(
    folder: string,
    private readonly manifest: DatasetManifest,
  ) {
    this.rows = openFile(path.join(folder, ROWS_FILE));
    this.offsets = openFile(path.join(folder, OFFSETS_FILE));
  }

  line(number: number): string {
    if (!Number.isInteger(number) || number < 0 || number >= this.manifest.rows) {
      throw new RagtuiError(
        'not-found',
        `The dataset "${this.manifest.name}" has no row ${number}.`,
        `Its rows are 0 to ${this.manifest.rows - 1}.`,
      );
    }
    const bounds = this.read(this.offsets, number * OFFSET_BYTES, 2 * OFFSET_BYTES);
    const start = Number(bounds.readBigUInt64LE(0));
    const end = Number(bounds.readBigUInt64LE(OFFSET_BYTES));
    if (end <= start || end > this.manifest.bytes) throw damaged(this.manifest, `the place of row ${number} is wrong`);
    return this.read(this.rows, start, end - start).toString('utf8');
  }

  private read(handle: number, position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const got = readSync(handle, bytes, 0, length, position);
    if (got < length) throw damaged(this.manifest, 'it is shorter than it was');
    return bytes;
  }

  close(): void {
    closeSync(this.rows);
    closeSync(this.offsets);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw toRagtuiError(error);
    throw new RagtuiError('corrupt', `${file} is missing.`, 'Restore it from a backup, or import the dataset again.');
  }
}

/**
 * Finds a part by `PART` or `SPLIT/PART`. Errors: `not-found`, and `usage` when several splits have such a part.
 */
export function findPart(manifest: DatasetManifest, ref: string): { split: string; part: string; rows: number } {
  const all = manifest.splits.flatMap((split) =>
    split.parts.map((part) => ({ split: split.name, part: part.name, rows: part.rows })),
  );
  const found = all.filter((one) => one.part === ref || `${one.split}/${one.part}` === ref);
  const [only] = found;
  if (only && found.length === 1) return only;
  const full = (found.length > 0 ? found : all).map((one) => `${one.split}/${one.part}`).join(', ');
  if (found.length > 1)
    throw new RagtuiError('usage', `Several splits of "${manifest.name}" have a part "${ref}".`, `Name one: ${full}.`);
  throw new RagtuiError(
    'not-found',
    `The dataset "${manifest.name}" has no part "${ref}".`,
    full ? `There are: ${full}, all.` : `Make one: ragtui dataset split ${manifest.name} --by context --test 0.1`,
  );
}

function readPart(folder: string, manifest: DatasetManifest, ref: string): readonly number[] {
  const { split, part } = findPart(manifest, ref);
  const numbers = readSplitFile(folder, manifest, split)[part];
  if (numbers) return numbers;
  throw damaged(manifest, `its split ${split} has lost the part ${part}`);
}

/** All parts of a split with their row numbers. Errors: `corrupt`. */
function readSplitFile(folder: string, manifest: DatasetManifest, name: string): SplitFile {
  const file = manifest.splits.find((one) => one.name === name)?.file ?? '';
  try {
    return splitFileSchema.parse(JSON.parse(readFileSync(path.join(folder, SPLITS_FOLDER, file), 'utf8')));
  } catch {
    throw damaged(manifest, `its split ${name} cannot be read`);
  }
}
