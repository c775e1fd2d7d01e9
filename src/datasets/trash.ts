import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { syncPath } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { datasetFolder, datasetSlug } from './layout.ts';
import { datasetFileSchema } from './types.ts';

/** As for documents of a knowledge base. */
export const TRASH_DAYS = 7;

/** A deleted dataset that can still be had back. */
export interface TrashedDataset {
  readonly name: string;
  readonly slug: string;
  readonly rows: number;
  readonly deletedAt: Date;
  readonly folder: string;
}

const trashFolder = (paths: WorkspacePaths): string => path.join(paths.datasets, '.trash');

/** Moves a dataset's folder into the trash, at once and whole. The caller holds its lock. */
export function moveToTrash(paths: WorkspacePaths, slug: string, now = new Date()): void {
  mkdirSync(trashFolder(paths), { recursive: true, mode: 0o700 });
  renameSync(datasetFolder(paths, slug), path.join(trashFolder(paths), `${now.getTime()}-${slug}`));
  syncPath(trashFolder(paths));
  syncPath(paths.datasets);
}

/** What is in the trash, newest first. */
export function listTrash(paths: WorkspacePaths): TrashedDataset[] {
  return entries(paths).flatMap(({ folder, slug, deletedAt }) => {
    try {
      const file = datasetFileSchema.parse(JSON.parse(readFileSync(path.join(folder, 'dataset.json'), 'utf8')));
      const current = file.versions.find(({ version }) => version === file.current);
      return [{ name: file.name, slug, rows: current?.rows ?? 0, deletedAt, folder }];
    } catch {
      return [];
    }
  });
}

/** Takes the dataset that was deleted last under this name out of the trash. Errors: `not-found`, `exists`. */
export function takeFromTrash(paths: WorkspacePaths, name: string): TrashedDataset {
  const all = listTrash(paths);
  const slug = datasetSlug(name);
  const found = all.find((one) => one.slug === slug);
  if (!found) {
    const names = all.map((one) => one.name).join(', ');
    throw new RagtuiError(
      'not-found',
      `There is no deleted dataset "${name}".`,
      names === '' ? 'The trash is empty.' : `In the trash: ${names}.`,
    );
  }
  const place = datasetFolder(paths, slug);
  if (existsSync(place)) {
    throw new RagtuiError('exists', `There is a dataset "${name}" again.`, 'Delete that one first, or keep it.');
  }
  renameSync(found.folder, place);
  syncPath(paths.datasets);
  return found;
}

/** Removes for good what was deleted more than a week ago. */
export function emptyTrash(paths: WorkspacePaths, now = new Date()): void {
  const oldest = now.getTime() - TRASH_DAYS * 24 * 3_600_000;
  for (const { folder, deletedAt } of entries(paths))
    if (deletedAt.getTime() < oldest) rmSync(folder, { recursive: true, force: true });
}

function entries(paths: WorkspacePaths): { folder: string; slug: string; deletedAt: Date }[] {
  let names: string[];
  try {
    names = readdirSync(trashFolder(paths));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
  return names
    .flatMap((name) => {
      const [, time, slug] = /^(\d+)-(.+)$/.exec(name) ?? [];
      if (!time || !slug) return [];
      return [{ folder: path.join(trashFolder(paths), name), slug, deletedAt: new Date(Number(time)) }];
    })
    .sort((a, b) => b.deletedAt.getTime() - a.deletedAt.getTime());
}
