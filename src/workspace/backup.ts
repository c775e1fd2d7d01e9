import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { programVersion } from '../datasets/program-version.ts';
import { listJobs } from '../jobs/registry.ts';
import { isOver } from '../jobs/types.ts';
import type { KbClient } from '../kb/protocol.ts';
import { readOwnModels } from '../models/store.ts';
import { errnoOf, RagtuiError } from '../platform/errors.ts';
import { syncPath, throwIfAborted, writeJsonAtomic } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { assertRoom, type CopyProgress, copyHashed, hashPlain, plainFiles } from './copy.ts';
import { BACKED_UP, type BackedUpFile, type Backup, backupSchema, MANIFEST } from './manifest.ts';

const POLL_MS = 250;

export interface BackupOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface MadeBackup {
  readonly folder: string;
  readonly backup: Backup;
  /** Jobs that run: what they do from now on is not in it. */
  readonly running: readonly string[];
  /** The user's own models and adapters that lie outside the workspace: they are named, not copied. */
  readonly outside: readonly string[];
}

/**
 * Copies the truth of a workspace into a new folder: the database as of one moment (the kb service writes the copy),
 * datasets, tuned models and adapters, job folders. Models of the catalogue, indexes, settings and keys are not in it.
 * Errors: `exists`, `usage` (inside the workspace), `disk-full`, `cancelled`; what was begun is then gone again.
 */
export async function makeBackup(
  paths: WorkspacePaths,
  kb: Pick<KbClient, 'call'>,
  folder: string,
  { signal, onProgress }: BackupOptions = {},
): Promise<MadeBackup> {
  const target = path.resolve(folder);
  if (target === paths.home || target.startsWith(`${paths.home}${path.sep}`)) {
    throw new RagtuiError('usage', 'A backup inside the workspace would go with it.', 'Name a folder elsewhere.');
  }
  refuseFull(target);
  const names = filesOf(paths);
  const sizes = names.map((name) => statSync(path.join(paths.home, name), { throwIfNoEntry: false })?.size ?? 0);
  const databaseBytes = statSync(paths.database, { throwIfNoEntry: false })?.size ?? 0;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const there = existsSync(target);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  try {
    assertRoom(target, databaseBytes + total);
    const files: BackedUpFile[] = [await copyDatabase(kb, target, databaseBytes, { signal, onProgress })];
    let done = 0;
    const onBytes = (bytes: number) => {
      done += bytes;
      onProgress?.({ phase: 'files', done: Math.min(done, total), total });
    };
    for (const name of names) {
      throwIfAborted(signal);
      const copied = await copyIfThere(paths, target, name, signal, onBytes);
      if (copied) files.push(copied);
    }
    const backup: Backup = {
      format: 1,
      createdAt: new Date().toISOString(),
      programVersion: programVersion(),
      home: paths.home,
      files,
    };
    writeJsonAtomic(path.join(target, MANIFEST), backupSchema.parse(backup));
    syncPath(path.dirname(target));
    return { folder: target, backup, running: runningJobs(paths), outside: outsideOf(paths) };
  } catch (error) {
    for (const name of readdirSync(target)) rmSync(path.join(target, name), { recursive: true, force: true });
    if (!there) rmSync(target, { recursive: true, force: true });
    throw error;
  }
}

function refuseFull(target: string): void {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (!stat) return;
  if (stat.isDirectory() && readdirSync(target).length === 0) return;
  throw new RagtuiError('exists', `${target} is there already.`, 'Name a new folder: nothing is written over.');
}

/** Names, relative to the workspace, of what is copied beside the database. */
function filesOf(paths: WorkspacePaths): string[] {
  const own = BACKED_UP.files.filter((name) => name !== 'ragtui.db' && existsSync(path.join(paths.home, name)));
  return [...own, ...BACKED_UP.folders.flatMap((folder) => plainFiles(paths.home, folder, isKept(paths.home)))];
}

/** Of a job: what a process of this machine is, and the address and key of a server. */
const OF_A_PROCESS = /^jobs\/[^/]+\/(endpoint|pid|worker)\.json$|^jobs\/[^/]+\/(stop|reserve)$/;

const isKept =
  (home: string) =>
  (relative: string): boolean => {
    const name = path.posix.basename(relative);
    // Locks, staging, trash and what can be computed again.
    if (name.startsWith('.') || name.endsWith('.lock') || name.endsWith('.tmp')) return false;
    if (OF_A_PROCESS.test(relative)) return false;
    const [top, tune, , checkpoint] = relative.split('/');
    if (top !== 'tuned') return true;
    if (relative === `tuned/${tune}/cache`) return false;
    // Only needed to go on with a training that was cut.
    const finished = existsSync(path.join(home, 'tuned', tune ?? '', 'trained.json'));
    return !(finished && checkpoint?.startsWith('checkpoint-'));
  };

async function copyDatabase(
  kb: Pick<KbClient, 'call'>,
  target: string,
  total: number,
  { signal, onProgress }: { signal: AbortSignal | undefined; onProgress: BackupOptions['onProgress'] },
): Promise<BackedUpFile> {
  const file = path.join(target, 'ragtui.db');
  const tell = () => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    onProgress?.({ phase: 'database', done: Math.min(size, total), total });
  };
  const timer = setInterval(tell, POLL_MS);
  try {
    await kb.call('db.backup', { file }, signal ? { signal } : {});
  } finally {
    clearInterval(timer);
  }
  return { path: 'ragtui.db', ...(await hashPlain(file, signal, () => undefined)) };
}

/** A file that went away meanwhile (a job that was deleted) is left out. */
async function copyIfThere(
  paths: WorkspacePaths,
  target: string,
  name: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<BackedUpFile | undefined> {
  try {
    lstatSync(path.join(paths.home, name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return { path: name, ...(await copyHashed(path.join(paths.home, name), path.join(target, name), signal, onBytes)) };
}

const runningJobs = (paths: WorkspacePaths): string[] =>
  listJobs(paths)
    .filter(({ state }) => !isOver(state))
    .map(({ spec }) => spec.id);

function outsideOf(paths: WorkspacePaths): string[] {
  const { models, adapters } = readOwnModels(paths);
  const isOutside = (folder: string) => !folder.startsWith(`${paths.home}${path.sep}`);
  return [
    ...models.filter(({ folder }) => isOutside(folder)).map(({ entry }) => entry.id),
    ...adapters.filter((adapter) => isOutside(adapter.path)).map(({ name }) => name),
  ];
}
