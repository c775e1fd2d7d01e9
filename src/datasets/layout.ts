import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';

const LONGEST_SLUG = 60;

/**
 * The folder name of a dataset: letters and digits in lower case, everything else a dash. Paths never come from
 * names as they are typed. Errors: `usage` when nothing is left.
 */
export function datasetSlug(name: string): string {
  const slug = [
    ...name
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-'),
  ]
    .slice(0, LONGEST_SLUG)
    .join('')
    .replace(/^-+|-+$/g, '');
  if (slug !== '') return slug;
  throw new RagtuiError('usage', `"${name}" is no name for a dataset.`, 'Use letters and digits.');
}

export const datasetFolder = (paths: WorkspacePaths, slug: string): string => path.join(paths.datasets, slug);
export const datasetFile = (paths: WorkspacePaths, slug: string): string =>
  path.join(datasetFolder(paths, slug), 'dataset.json');
export const datasetLock = (paths: WorkspacePaths, slug: string): string => path.join(paths.datasets, `.${slug}.lock`);

export const ROWS_FILE = 'rows.jsonl';
/** Byte offset of every row in rows.jsonl and then its length: 8 bytes each, little endian. */
export const OFFSETS_FILE = 'rows.offsets';
export const OFFSET_BYTES = 8;
export const SPLITS_FOLDER = 'splits';
