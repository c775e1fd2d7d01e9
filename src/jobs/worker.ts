import { existsSync, rmSync, watch } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { machineClock } from '../platform/clock.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { type WorkspacePaths, workspacePaths } from '../platform/paths.ts';
import { redactSecrets } from '../platform/redact.ts';
import { EventWriter, type JobEventBody } from './events.ts';
import {
  type JobFiles,
  jobFiles,
  type ResultFile,
  readJsonFile,
  specFileSchema,
  takeReserve,
  writeJsonFile,
} from './folder.ts';
import { JOB_GPUS } from './identity.ts';
import type { JobSpec, JobWork, progressSchema } from './types.ts';

/** At most four progress events a second; the last one is always kept. */
const PROGRESS_MS = 250;
const STOP_POLL_MS = 500;

/** Exit codes by which the supervisor knows the outcome even when `result.json` could not be written. */
export const EXIT = { succeeded: 0, failed: 1, stopped: 143 } as const;

/** What the supervisor sends once it has written down which process the worker is. */
export const BEGIN = 'begin';
/** In the environment of a worker whose supervisor will send it; one of an earlier version never does. */
export const BEGIN_MARK = 'RAGTUI_BEGIN';

/** How a worker tells the world what it does. No method throws: a full disk must not end the work. */
export interface JobReport {
  progress(progress: z.input<typeof progressSchema>): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
  metric(name: string, step: number, value: number): void;
  artifact(name: string, path: string, data?: unknown): void;
  /** Records an error the job goes on after; what `run` throws is recorded by itself. */
  error(error: unknown): void;
  /** The host that does its work cannot be reached since then; null: it is reached again. The job's state says so. */
  reach?(lost: { readonly host: string; readonly since: Date } | null): void;
  /** A server answers now: the job's state becomes `running`. */
  ready(): void;
}

export interface JobContext<K extends JobWork['kind'] = JobWork['kind']> {
  readonly spec: JobSpec;
  readonly work: Extract<JobWork, { kind: K }>;
  readonly folder: string;
  readonly paths: WorkspacePaths;
  readonly report: JobReport;
  /** Indexes of the GPUs that are this job's alone; `CUDA_VISIBLE_DEVICES` names them already. Empty: none is. */
  readonly gpus: readonly number[];
  /** Aborts when somebody asks the job to stop (stop file or SIGTERM). */
  readonly signal: AbortSignal;
}

/**
 * The body of a job's worker process: `workers/NAME.ts` calls this once. Returning = succeeded, throwing = failed with
 * that error, throwing or returning after `signal` aborted = stopped. Ends the process.
 */
export async function runJobWorker<K extends JobWork['kind']>(
  kind: K,
  run: (context: JobContext<K>) => Promise<void>,
): Promise<void> {
  const folder = process.argv[2];
  if (!folder) throw new RagtuiError('usage', 'A job worker is started by the supervisor with its folder.');
  const files = jobFiles(folder);
  // A supervisor that died before it wrote down who works left a job that counts as lost: nobody would find this worker.
  if (!(await mayBegin())) process.exit(EXIT.failed);
  quietly(() => takeReserve(files));
  const events = new EventWriter(folder, 'worker');
  const report = new Reporter(events, files);
  const stop = listenForStop(folder, files);
  process.on('SIGHUP', () => {}); // The terminal's end is not ours.
  process.on('uncaughtException', (error) => end(failure(error)));
  process.on('unhandledRejection', (error) => end(failure(error)));
  try {
    const spec = readJsonFile(files.spec, specFileSchema);
    if (!spec) throw new RagtuiError('corrupt', `${files.spec} is missing or damaged.`, 'Start the job again.');
    if (!isWork(spec.work, kind)) throw new RagtuiError('internal', `A ${kind} worker got a ${spec.work.kind} job.`);
    await run({ spec, work: spec.work, folder, paths: workspacePaths(), report, gpus: ownGpus(), signal: stop.signal });
    end(stop.signal.aborted ? stopped() : { state: 'succeeded', reason: '', error: null });
  } catch (error) {
    end(stop.signal.aborted ? stopped() : failure(error));
  }

  function end(result: Outcome): void {
    if (result.error) report.fail(result.error);
    report.flush();
    const times = { endedAt: machineClock.now().toISOString(), endedUptime: machineClock.uptime() };
    quietly(() => writeJsonFile(files.result, { ...result, ...times } satisfies ResultFile, { durable: true }));
    quietly(() => rmSync(files.reserve, { force: true }));
    process.exit(EXIT[result.state]);
  }
}

/** Waits for the supervisor's word (`BEGIN`), or its end; a worker that nobody promised it begins at once. */
async function mayBegin(): Promise<boolean> {
  const promised = process.env[BEGIN_MARK] !== undefined;
  delete process.env[BEGIN_MARK];
  if (!promised || process.send === undefined) return true;
  return new Promise((resolve) => {
    const answer = (does: boolean) => {
      process.off('message', begin).off('disconnect', ended);
      resolve(does);
    };
    const begin = (message: unknown) => {
      if (message === BEGIN) answer(true);
    };
    const ended = () => answer(false);
    process.on('message', begin).on('disconnect', ended);
    if (!process.connected) ended();
  });
}

/** As the supervisor told. */
const ownGpus = (): number[] =>
  (process.env[JOB_GPUS] ?? '')
    .split(',')
    .filter((index) => index !== '')
    .map(Number);

type Outcome = Pick<ResultFile, 'state' | 'reason' | 'error'>;
const stopped = (): Outcome => ({ state: 'stopped', reason: 'asked to stop', error: null });

function failure(thrown: unknown): Outcome {
  const { stack, cause } = toRagtuiError(thrown);
  // The event says it in one line; stderr.log keeps where it came from.
  console.error(redactSecrets((cause instanceof Error ? cause.stack : stack) ?? ''));
  const error = withoutSecrets(thrown);
  return { state: 'failed', reason: error.message, error };
}

/** What stays in the job's folder tells no key, whoever put it into the message. */
function withoutSecrets(thrown: unknown): { code: string; message: string; hint: string } {
  const { code, message, hint } = toRagtuiError(thrown);
  return { code, message: redactSecrets(message), hint: redactSecrets(hint) };
}

function isWork<K extends JobWork['kind']>(work: JobWork, kind: K): work is Extract<JobWork, { kind: K }> {
  return work.kind === kind;
}

function listenForStop(folder: string, files: JobFiles): AbortController {
  const controller = new AbortController();
  const stop = () => {
    if (!controller.signal.aborted)
      controller.abort(new RagtuiError('cancelled', 'The job was asked to stop.', 'It can be resumed.'));
  };
  const look = () => {
    if (existsSync(files.stop)) stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  setInterval(look, STOP_POLL_MS).unref();
  // All that the worker itself writes there rings, too.
  const rung = (_: unknown, name: string | null) => {
    if (name === null || name === path.basename(files.stop)) look();
  };
  quietly(() => watch(folder, { persistent: false }, rung).on('error', () => {}));
  look();
  return controller;
}

class Reporter implements JobReport {
  readonly #events: EventWriter;
  readonly #files: JobFiles;
  #pending: z.input<typeof progressSchema> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(events: EventWriter, files: JobFiles) {
    this.#events = events;
    this.#files = files;
  }

  progress(progress: z.input<typeof progressSchema>): void {
    this.#pending = progress;
    if (!this.#timer) this.#flushAndRest();
  }

  #flushAndRest(): void {
    this.flush();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#pending) this.#flushAndRest();
    }, PROGRESS_MS).unref();
  }

  flush(): void {
    const progress = this.#pending;
    if (!progress) return;
    this.#pending = undefined;
    const whole = { ...progress, details: progress.details ?? {} };
    this.#append({ type: 'progress', progress: whole });
    quietly(() => writeJsonFile(this.#files.progress, whole));
  }

  log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#append({ type: 'log', level, text: redactSecrets(text) });
  }

  metric(name: string, step: number, value: number): void {
    this.#append({ type: 'metric', name, step, value });
  }

  artifact(name: string, path: string, data?: unknown): void {
    this.#append({ type: 'artifact', name, path, ...(data === undefined ? {} : { data }) });
  }

  error(error: unknown): void {
    this.fail(withoutSecrets(error));
  }

  fail(error: { code: string; message: string; hint: string }): void {
    this.#append({ type: 'error', ...error });
  }

  reach(lost: { host: string; since: Date } | null): void {
    if (!process.connected) return;
    process.send?.(
      lost ? { type: 'unreachable', host: lost.host, since: lost.since.toISOString() } : { type: 'reached' },
    );
  }

  ready(): void {
    if (process.connected) process.send?.({ type: 'ready' });
  }

  #append(body: JobEventBody): void {
    quietly(() => this.#events.append(body));
  }
}

function quietly(action: () => unknown): void {
  try {
    action();
  } catch {
    // A full disk or a deleted folder: the work itself says so if it matters.
  }
}
