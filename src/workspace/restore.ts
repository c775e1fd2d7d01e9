import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { listJobs } from '../jobs/registry.ts';
import { isOver } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { syncPath, throwIfAborted, writeJsonAtomic } from '../platform/files.ts';
import { ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { assertRoom, type CopyProgress, copyHashed, hashPlain } from './copy.ts';
import { BACKED_UP, type BackedUpFile, type Backup, bytesOf, readBackup } from './manifest.ts';
import { stopKbService } from './service.ts';

export interface RestoreOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

const PARTS: readonly string[] = [...BACKED_UP.files, 'ragtui.db-wal', 'ragtui.db-shm', ...BACKED_UP.folders];

/** What a restore would put aside: the parts of a workspace that are there and hold something. */
export function partsThere(paths: WorkspacePaths): string[] {
  return PARTS.filter((name) => {
    const stat = statSync(path.join(paths.home, name), { throwIfNoEntry: false });
    return stat?.isDirectory() ? readdirSync(path.join(paths.home, name)).length > 0 : stat !== undefined;
  });
}

/** Proves that every file of a backup is as it was written. Errors: those of `readBackup`, `corrupt` with the names of what is not. */
export async function checkBackup(folder: string, { signal, onProgress }: RestoreOptions = {}): Promise<Backup> {
  const backup = readBackup(folder);
  const total = bytesOf(backup.files);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.({ phase: 'check', done, total });
  };
  const wrong: string[] = [];
  for (const file of backup.files) {
    throwIfAborted(signal);
    const source = path.join(folder, file.path);
    const found = existsSync(source) ? await hashPlain(source, signal, onBytes) : undefined;
    if (found?.sha256 !== file.sha256) wrong.push(file.path);
  }
  if (wrong.length > 0) throw notAsWritten(wrong);
  return backup;
}

export interface Restored {
  readonly backup: Backup;
  /** Where what was there before lies now; null when nothing was. */
  readonly aside: string | null;
}

/**
 * Puts a backup into the workspace. Every file is copied beside it and proven first; only then what is there is moved
 * aside and the copy takes its place, so that a damaged backup, a full disk or a kill changes nothing. The caller has
 * asked the person when something is there. Errors: `busy` (a job runs), `corrupt`, `disk-full`, `cancelled`.
 */
export async function restoreBackup(
  paths: WorkspacePaths,
  folder: string,
  { signal, onProgress }: RestoreOptions = {},
): Promise<Restored> {
  const backup = readBackup(folder);
  const running = listJobs(paths).find(({ state }) => !isOver(state));
  if (running) {
    throw new RagtuiError(
      'busy',
      `Job ${running.spec.id} is running in ${paths.home}.`,
      `Stop it first: \`ragtui jobs stop ${running.spec.id}\`.`,
    );
  }
  mkdirSync(paths.home, { recursive: true, mode: 0o700 });
  const staging = path.join(paths.home, `.restore-${randomBytes(4).toString('hex')}`);
  mkdirSync(staging, { mode: 0o700 });
  try {
    assertRoom(staging, bytesOf(backup.files));
    await stage(folder, staging, backup.files, { signal, onProgress });
    moveOwnModels(staging, backup.home, paths.home);
    await stopKbService(paths);
    const aside = setAside(paths);
    // Before the database: whoever opens it must know that it is not what it was.
    writeJsonAtomic(paths.restored, { at: new Date().toISOString() });
    for (const name of readdirSync(staging)) renameSync(path.join(staging, name), path.join(paths.home, name));
    syncPath(paths.home);
    ensureWorkspace(paths);
    return { backup, aside };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function stage(
  folder: string,
  staging: string,
  files: readonly BackedUpFile[],
  { signal, onProgress }: { signal: AbortSignal | undefined; onProgress: RestoreOptions['onProgress'] },
): Promise<void> {
  const total = bytesOf(files);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.({ phase: 'files', done, total });
  };
  for (const file of files) {
    throwIfAborted(signal);
    const source = path.join(folder, file.path);
    if (!existsSync(source)) throw notAsWritten([file.path]);
    const { sha256 } = await copyHashed(source, path.join(staging, file.path), signal, onBytes);
    if (sha256 !== file.sha256) throw notAsWritten([file.path]);
  }
}

/** Moves what a restore replaces into one folder of the workspace, where it stays. */
function setAside(paths: WorkspacePaths): string | null {
  const there = PARTS.filter((name) => existsSync(path.join(paths.home, name)));
  if (partsThere(paths).length === 0) {
    for (const name of there) rmSync(path.join(paths.home, name), { recursive: true, force: true });
    return null;
  }
  const stamp = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '');
  const aside = path.join(paths.home, `replaced-${stamp}-${randomBytes(2).toString('hex')}`);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of there) renameSync(path.join(paths.home, name), path.join(aside, name));
  return aside;
}

/** The list of the user's own models names files by their whole path: those of the workspace move with it. */
function moveOwnModels(staging: string, from: string, to: string): void {
  const file = path.join(staging, 'models.json');
  if (!existsSync(file)) return;
  const moved = (text: string): string => (text.startsWith(`${from}${path.sep}`) ? to + text.slice(from.length) : text);
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return moved(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one)]));
    const { path: place, mtimeMs } = entries;
    if (typeof place !== 'string' || typeof mtimeMs !== 'number' || !place.startsWith(`${to}${path.sep}`)) {
      return entries;
    }
    // The bytes are proven; their time is that of the copy.
    const stat = statSync(path.join(staging, path.relative(to, place)), { throwIfNoEntry: false });
    return { ...entries, mtimeMs: stat?.mtimeMs ?? mtimeMs };
  };
  writeJsonAtomic(file, walk(JSON.parse(readFileSync(file, 'utf8'))));
}

function notAsWritten(names: readonly string[]): RagtuiError {
  const some = names.slice(0, 3).join(', ');
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return new RagtuiError(
    'corrupt',
    `The backup is damaged: ${some}${more} is not what was written.`,
    'Nothing was changed. Use another backup.',
  );
}
