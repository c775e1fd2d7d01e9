import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { crashPoint } from '../platform/crash-point.ts';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { syncPath, writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import { ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { datasetFile, datasetFolder, datasetLock, datasetSlug } from './layout.ts';
import { emptyTrash, moveToTrash, takeFromTrash } from './trash.ts';
import {
  type DatasetFile,
  type DatasetKind,
  type DatasetManifest,
  type DatasetVersion,
  datasetFileSchema,
  type Lineage,
} from './types.ts';
import { datasetUses } from './uses.ts';
import type { WrittenRows } from './version-writer.ts';

/** All datasets of the workspace, by name. One whose `dataset.json` is damaged is an error that names it. */
export function listDatasets(paths: WorkspacePaths): DatasetManifest[] {
  let names: string[];
  try {
    names = readdirSync(paths.datasets).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
  return names
    .filter((slug) => existsSync(datasetFile(paths, slug)))
    .map((slug) => manifestOf(slug, readDatasetFile(paths, slug)))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The manifest of one dataset, of its current version unless `version` names another. Errors: `not-found`, `corrupt`. */
export function readManifest(paths: WorkspacePaths, name: string, version?: string): DatasetManifest {
  const slug = datasetSlug(name);
  if (existsSync(datasetFile(paths, slug))) return manifestOf(slug, readDatasetFile(paths, slug), version);
  const known = listDatasets(paths).map((one) => one.name);
  throw new RagtuiError(
    'not-found',
    `There is no dataset "${name}".`,
    known.length > 0 ? `There are: ${known.join(', ')}.` : 'Make one: ragtui dataset import FILE --format FORMAT',
  );
}

/** All versions of a dataset, the one made last first. Errors: `not-found`, `corrupt`. */
export function listVersions(paths: WorkspacePaths, name: string): DatasetManifest[] {
  const { slug } = readManifest(paths, name);
  const file = readDatasetFile(paths, slug);
  return file.versions.map(({ version }) => manifestOf(slug, file, version)).reverse();
}

function readDatasetFile(paths: WorkspacePaths, slug: string): DatasetFile {
  const file = datasetFile(paths, slug);
  try {
    return datasetFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (errnoOf(error)) throw toRagtuiError(error);
    throw new RagtuiError('corrupt', `${file} is damaged.`, 'Restore it from a backup, or import the dataset again.');
  }
}

function manifestOf(slug: string, file: DatasetFile, version: string = file.current): DatasetManifest {
  const found = file.versions.find((one) => one.version === version);
  if (found) return { ...found, name: file.name, slug, current: version === file.current };
  const known = file.versions.map((one) => one.version).join(', ');
  throw new RagtuiError('not-found', `The dataset "${file.name}" has no version ${version}.`, `There are: ${known}.`);
}

export interface PublishOptions {
  readonly name: string;
  readonly kind: DatasetKind;
  readonly lineage: Lineage;
  readonly signal?: AbortSignal;
}

/**
 * Gives written rows their place and makes them the current version of `name`: the folder is renamed first, then
 * `dataset.json` is replaced, so a kill in between leaves the dataset as it was. The same rows again change nothing.
 * Errors: `exists` when the name is taken by another kind.
 */
export async function publishVersion(
  paths: WorkspacePaths,
  written: WrittenRows,
  options: PublishOptions,
): Promise<{ manifest: DatasetManifest; added: boolean }> {
  const { folder: staged, ...counts } = written;
  const slug = datasetSlug(options.name);
  const version = `v-${written.sha256.slice(0, 12)}`;
  return changeDataset(paths, slug, options.signal, (before) => {
    if (before) checkSame(before, options);
    const known = before?.versions.find((one) => one.version === version);
    placeFolder(staged, path.join(datasetFolder(paths, slug), version), known !== undefined);
    crashPoint('after_rename');
    const made: DatasetVersion = known ?? {
      version,
      kind: options.kind,
      ...counts,
      lineage: options.lineage,
      splits: [],
    };
    const others = (before?.versions ?? []).filter((one) => one !== known);
    const after: DatasetFile = {
      format: 1,
      name: before?.name ?? options.name,
      current: version,
      versions: [...others, made],
    };
    return { after, result: { manifest: manifestOf(slug, after), added: known === undefined } };
  });
}

function checkSame(before: DatasetFile, { name, kind }: PublishOptions): void {
  if (before.name !== name) {
    throw new RagtuiError(
      'exists',
      `"${name}" would have the same folder as the dataset "${before.name}".`,
      'Choose another --name.',
    );
  }
  const [first] = before.versions;
  if (first && first.kind !== kind) {
    throw new RagtuiError(
      'exists',
      `The dataset "${name}" holds ${first.kind} rows, these are ${kind} rows.`,
      'Choose another --name.',
    );
  }
}

/** A folder that is there without being known is left from a kill before `dataset.json` was written: it is replaced. */
function placeFolder(staged: string, place: string, known: boolean): void {
  mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 });
  if (known) {
    rmSync(staged, { recursive: true, force: true });
    return;
  }
  rmSync(place, { recursive: true, force: true });
  renameSync(staged, place);
  syncPath(path.dirname(place));
  syncPath(path.dirname(path.dirname(place)));
}

/** Changes `dataset.json` under its lock. Answer `after: undefined` to leave it as it is. */
export async function changeDataset<T>(
  paths: WorkspacePaths,
  slug: string,
  signal: AbortSignal | undefined,
  change: (before: DatasetFile | undefined) => { after: DatasetFile | undefined; result: T },
): Promise<T> {
  ensureWorkspace(paths);
  const release = await lockFile(datasetLock(paths, slug), signal ? { signal } : {});
  try {
    const file = datasetFile(paths, slug);
    const { after, result } = change(existsSync(file) ? readDatasetFile(paths, slug) : undefined);
    if (after) writeJsonAtomic(file, after);
    return result;
  } finally {
    release();
  }
}

/**
 * Moves a dataset with all its versions into the trash, where it waits a week (`restoreDataset`).
 * Errors: `not-found`, `busy` while a job reads it.
 */
export async function deleteDataset(paths: WorkspacePaths, name: string): Promise<void> {
  const manifest = readManifest(paths, name);
  const running = datasetUses(paths, manifest.name).find((use) => use.running);
  if (running) {
    throw new RagtuiError(
      'busy',
      `The ${running.kind} job ${running.job} reads the dataset "${manifest.name}" now.`,
      `Wait for it, or stop it: ragtui jobs stop ${running.job}`,
    );
  }
  emptyTrash(paths);
  await changeDataset(paths, manifest.slug, undefined, () => {
    moveToTrash(paths, manifest.slug);
    return { after: undefined, result: undefined };
  });
}

/** Takes a dataset back out of the trash, the one that was deleted last. Errors: `not-found`, `exists`. */
export function restoreDataset(paths: WorkspacePaths, name: string): Promise<DatasetManifest> {
  return changeDataset(paths, datasetSlug(name), undefined, () => {
    const { slug } = takeFromTrash(paths, name);
    return { after: undefined, result: manifestOf(slug, readDatasetFile(paths, slug)) };
  });
}
