import { existsSync, mkdirSync, readdirSync, rmSync, watch } from 'node:fs';
import path from 'node:path';
import { readFar } from '../hosts/far-file.ts';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import {
  endpointFileSchema,
  jobFiles,
  jobFolder,
  NOTHING_YET,
  progressFileSchema,
  readJsonFile,
  resultFileSchema,
  type StateFile,
  specFileSchema,
  stateFileSchema,
} from './folder.ts';
import { readHeartbeat } from './heartbeat.ts';
import { livingProcess, orphansOf, type ProcessTable, systemProcesses } from './identity.ts';
import { readNotes } from './notes.ts';
import { isOver, type JobSpec, type JobState, type JobView, jobIdSchema, launcherName } from './types.ts';

/**
 * A job as it is now, from the small files of its folder (the event log is not read).
 * Errors: `not-found`, `corrupt` when its spec cannot be read, `usage` for what is no job id.
 */
export function readJob(paths: WorkspacePaths, id: string, table: ProcessTable = systemProcesses): JobView {
  const folder = existingFolder(paths, id);
  const view = viewOf(folder, table);
  if (!view) {
    throw new RagtuiError(
      'corrupt',
      `The spec of job ${id} cannot be read.`,
      `Delete it: \`ragtui jobs delete ${id}\`.`,
    );
  }
  return view;
}

function existingFolder(paths: WorkspacePaths, id: string): string {
  const folder = jobFolder(paths, id);
  if (!existsSync(folder)) throw new RagtuiError('not-found', `There is no job ${id}.`, 'See `ragtui jobs list`.');
  return folder;
}

/** Whether the job's spec can be read. Errors: `not-found`, `usage`. */
export function isJob(paths: WorkspacePaths, id: string): boolean {
  const folder = existingFolder(paths, id);
  return readJsonFile(jobFiles(folder).spec, specFileSchema) !== undefined;
}

/** Every job of the workspace, newest first. A folder whose spec cannot be read (its launcher died) is left out. */
export function listJobs(paths: WorkspacePaths, table: ProcessTable = systemProcesses): JobView[] {
  // An id tells the second; of two jobs of one second the spec does.
  const newer = (a: JobView, b: JobView): number =>
    b.spec.createdAt.localeCompare(a.spec.createdAt) || b.spec.id.localeCompare(a.spec.id);
  return jobIds(paths)
    .flatMap((id) => viewOf(path.join(paths.jobs, id), table) ?? [])
    .sort(newer);
}

function jobIds(paths: WorkspacePaths): string[] {
  try {
    return readdirSync(paths.jobs).filter((name) => jobIdSchema.safeParse(name).success);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
}

/** A folder is there a moment before the spec in it, and only the folder is seen to come. */
const SPEC_MS = 50;
const SPEC_TRIES = 100;

/** Calls `listener` when a job appears or is deleted; no timer but for the moment a new one needs. Returns the way to stop. */
export function watchJobs(paths: WorkspacePaths, listener: () => void): () => void {
  mkdirSync(paths.jobs, { recursive: true, mode: 0o700 });
  const untilThere = (folder: string, tries: number): void => {
    if (tries === 0 || !existsSync(folder)) return;
    if (existsSync(jobFiles(folder).spec)) listener();
    else setTimeout(() => untilThere(folder, tries - 1), SPEC_MS).unref();
  };
  const watcher = watch(paths.jobs, (_, name) => {
    if (name !== null && !jobIdSchema.safeParse(name).success) return;
    listener();
    const folder = name === null ? null : path.join(paths.jobs, name);
    if (folder !== null && !existsSync(jobFiles(folder).spec)) untilThere(folder, SPEC_TRIES);
  });
  watcher.on('error', () => watcher.close());
  return () => watcher.close();
}

/** Deletes a finished job's folder with its logs. Errors: `busy` while it runs. */
export function deleteJob(paths: WorkspacePaths, id: string): void {
  const folder = existingFolder(paths, id);
  const view = viewOf(folder, systemProcesses);
  const goesOn = view
    ? !isOver(view.state) || view.orphans.length > 0
    : livingProcess(jobFiles(folder).supervisor) !== undefined;
  if (goesOn) {
    throw new RagtuiError('busy', `Job ${id} is running.`, `Stop it first: \`ragtui jobs stop ${id}\`.`);
  }
  if (view?.far?.open) {
    throw new RagtuiError(
      'busy',
      `What job ${id} started on ${view.far.host} may go on there.`,
      `Stop it first: \`ragtui jobs stop ${id}\`.`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
}

function viewOf(folder: string, table: ProcessTable): JobView | undefined {
  const files = jobFiles(folder);
  const spec = readJsonFile(files.spec, specFileSchema);
  if (!spec) return undefined;
  const supervisor = livingProcess(files.supervisor, table);
  const worker = livingProcess(files.worker, table);
  // Read after the processes: a supervisor that ends between the two has written its last state before.
  const written = readJsonFile(files.state, stateFileSchema);
  const endpoint = readJsonFile(files.endpoint, endpointFileSchema);
  const alive = { supervisor: supervisor !== undefined, worker: worker !== undefined };
  const thisBoot = supervisor !== undefined || worker !== undefined;
  const heartbeat = supervisor ? readHeartbeat(files) : null;
  const now = currentState(files, written, alive, spec, endpoint?.ready === true);
  const far = launcherName(spec.work) !== 'local' ? readFar(folder) : undefined;
  const orphans = now.state === 'lost' ? orphansOf(files.worker, spec.id, table) : [];
  return {
    spec,
    ...readNotes(folder),
    folder,
    ...now,
    ...(orphans.length > 0 ? { reason: 'its supervisor and its worker were killed; what they started goes on' } : {}),
    orphans,
    ...(far ? { far } : {}),
    ...(far?.open && isOver(now.state) ? { reason: goesOn(now.reason, far.host, spec.id) } : {}),
    startedUptime: thisBoot ? now.startedUptime : null,
    heartbeat: heartbeat && !isOver(now.state) ? { uptime: heartbeat.uptime, quiet: heartbeat.quiet } : null,
    progress: readJsonFile(files.progress, progressFileSchema) ?? null,
    pid: worker?.pid ?? null,
    endpoint: endpoint && !isOver(now.state) ? { url: endpoint.url, model: endpoint.model } : null,
  };
}

const goesOn = (reason: string, host: string, id: string): string =>
  `${reason === '' ? '' : `${reason}; `}what it started on ${host} may go on there: resume it, or stop it (ragtui jobs stop ${id})`;

/**
 * What is true now. The supervisor's word counts while it lives and once it has said the last one; without it the
 * worker's own result counts, then whether the worker's process is there. Silence and clocks say nothing.
 */
function currentState(
  files: ReturnType<typeof jobFiles>,
  written: StateFile | undefined,
  alive: { supervisor: boolean; worker: boolean },
  spec: JobSpec,
  answers: boolean,
): StateFile {
  const base: StateFile = written ?? NOTHING_YET;
  if (isOver(base.state)) return base;
  const asked = existsSync(files.stop);
  if (alive.supervisor) return asked ? { ...base, state: 'stopping', reason: 'asked to stop' } : base;

  if (alive.worker) {
    const state: JobState = asked ? 'stopping' : spec.work.kind === 'serve' && !answers ? 'starting' : 'running';
    return { ...base, state, reason: 'its supervisor died; the worker goes on by itself' };
  }
  const result = readJsonFile(files.result, resultFileSchema);
  if (result) {
    const { state, reason, error, endedAt, endedUptime } = result;
    const measured = endedUptime === null || base.startedUptime === null ? null : endedUptime - base.startedUptime;
    return { ...base, state, reason, error, endedAt, seconds: measured !== null && measured >= 0 ? measured : null };
  }
  return { ...base, state: 'lost', reason: 'its processes are gone and left no result' };
}
