import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, RagtuiError } from '../platform/errors.ts';
import { syncPath } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { jobIdSchema, jobSpecSchema, jobStateSchema, progressSchema } from './types.ts';

/** The files of one job's folder, and who writes them. */
export interface JobFiles {
  /** Launcher, fsynced before anything starts. */
  readonly spec: string;
  /** Launcher and supervisor: identity of the supervisor. */
  readonly supervisor: string;
  /** Supervisor: identity of the worker, which leads its own process group. */
  readonly worker: string;
  /** Supervisor: the last state event, so that nobody has to read the whole log. */
  readonly state: string;
  /** Supervisor: its sign of life, every few seconds. */
  readonly heartbeat: string;
  /** Worker: the last progress event. */
  readonly progress: string;
  /** Worker: how it ended, in its own words. */
  readonly result: string;
  /** Server worker: url, key, model (0600). */
  readonly endpoint: string;
  readonly events: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Present = somebody asked the job to stop. */
  readonly stop: string;
  /** Present = somebody wants the job to start although others have its devices. */
  readonly startNow: string;
  /** Present = a server that sleeps: its GPUs are lent to others until it is woken. */
  readonly asleep: string;
  /** Room on the disk that is given up so that a job on a full disk can still say how it ended. */
  readonly reserve: string;
}

export function jobFiles(folder: string): JobFiles {
  const at = (name: string) => path.join(folder, name);
  return {
    spec: at('spec.json'),
    supervisor: at('pid.json'),
    worker: at('worker.json'),
    state: at('state.json'),
    heartbeat: at('heartbeat.json'),
    progress: at('progress.json'),
    result: at('result.json'),
    endpoint: at('endpoint.json'),
    events: at('events.jsonl'),
    stdout: at('stdout.log'),
    stderr: at('stderr.log'),
    stop: at('stop'),
    startNow: at('start-now'),
    asleep: at('asleep'),
    reserve: at('reserve'),
  };
}

/** Folder of a job. Throws `usage` for what is no job id, so that an id can never lead out of the jobs folder. */
export function jobFolder(paths: WorkspacePaths, id: string): string {
  const parsed = jobIdSchema.safeParse(id);
  if (!parsed.success) throw new RagtuiError('usage', `"${id}" is not a job id.`, 'See `ragtui jobs list`.');
  return path.join(paths.jobs, parsed.data);
}

/** A process in a file: pid and start time, and the boot they belong to (start times repeat after a reboot). */
export const identityFileSchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  boot: z.string(),
});
export type StoredIdentity = z.infer<typeof identityFileSchema>;

export const jobErrorSchema = z.object({ code: z.string(), message: z.string(), hint: z.string() });
export type JobError = z.infer<typeof jobErrorSchema>;

/** `state.json`. */
export const stateFileSchema = z.object({
  state: jobStateSchema,
  reason: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** When it started, in seconds since the machine did: times of day can jump. */
  startedUptime: z.number().nullable().default(null),
  /** From its start to its end, by that clock. */
  seconds: z.number().nullable().default(null),
  error: jobErrorSchema.nullable(),
  /** Indexes of the GPUs it has for itself. */
  gpus: z.array(z.number().int()).default([]),
});
export type StateFile = z.infer<typeof stateFileSchema>;

export const NOTHING_YET: StateFile = {
  state: 'queued',
  reason: '',
  startedAt: null,
  endedAt: null,
  startedUptime: null,
  seconds: null,
  error: null,
  gpus: [],
};

/** `result.json`. */
export const resultFileSchema = z.object({
  state: z.enum(['succeeded', 'failed', 'stopped']),
  reason: z.string(),
  error: jobErrorSchema.nullable(),
  endedAt: z.string(),
  endedUptime: z.number().nullable().default(null),
});
export type ResultFile = z.infer<typeof resultFileSchema>;

/** `endpoint.json` of a server. The key stays in this file (0600) and in the memory of who asks. */
export const endpointFileSchema = z.object({
  /** Base URL, ending in `/v1`. */
  url: z.url(),
  key: z.string(),
  model: z.string(),
  /** False while the model loads. */
  ready: z.boolean(),
  /** What rides on the model now, by the names the server knows; adapters come and go while it runs. */
  adapters: z.array(z.object({ name: z.string(), path: z.string() })).optional(),
});
export type EndpointFile = z.infer<typeof endpointFileSchema>;

export const specFileSchema = jobSpecSchema;
export const progressFileSchema = progressSchema;

/** Content of a JSON file, or undefined when it is missing, half-written or not what `schema` says. */
export function readJsonFile<S extends z.ZodType>(file: string, schema: S): z.output<S> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

const RESERVE_BYTES = 32 * 1024;

/** Takes the room that `durable` writes of this folder fall back on. */
export function takeReserve(files: JobFiles): void {
  writeFileSync(files.reserve, Buffer.alloc(RESERVE_BYTES, 1), { mode: 0o600 });
}

/** Does `write`; on a full disk once more after the folder's reserve was given up. */
export function withReserve(files: Pick<JobFiles, 'reserve'>, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC' || !existsSync(files.reserve)) throw error;
    rmSync(files.reserve);
    write();
  }
}

/** Writes a JSON file (0600) under a temporary name and renames it: readers see the old or the new one, never a half. */
export function writeJsonFile(file: string, value: unknown, options: { durable?: boolean } = {}): void {
  const write = () => writeAndRename(file, value, options);
  if (options.durable) withReserve(jobFiles(path.dirname(file)), write);
  else write();
}

function writeAndRename(file: string, value: unknown, options: { durable?: boolean }): void {
  const temporary = `${file}.${process.pid}-${randomBytes(3).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, `${JSON.stringify(value)}\n`);
    if (options.durable) fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  if (options.durable) syncPath(path.dirname(file));
}
