import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopJob } from '../jobs/control.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { launchJob } from '../jobs/launcher.ts';
import { listJobs, readJob } from '../jobs/registry.ts';
import { isOver, type JobId, type JobView } from '../jobs/types.ts';
import { lockFile } from '../models/lock.ts';
import { installedModel } from '../models/store.ts';
import type { ChatEntry } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';

/** Longer contexts cost memory that a retrieved passage or three never need. */
const MAX_CONTEXT_TOKENS = 4096;
const IDLE_MINUTES = 15;
const START_TIMEOUT_MS = 180_000;
const POLL_MS = 50;

/** An embedded LLM that answers. */
export interface ServedModel {
  /** Base URL, ending in `/v1`. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly jobId: JobId;
  readonly contextTokens: number;
}

export interface ServeOptions {
  /** What is being waited for, in words: "starting smollm2-135m-instruct". */
  readonly onStatus?: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly contextTokens?: number;
  /** Minutes without a request after which the server leaves; 0 = never. */
  readonly idleMinutes?: number;
}

/**
 * The server of a pulled chat model: the one that runs, or a new one. Resolves when it answers. Callers in several
 * processes at once get the same server. Errors: `not-found` (no such model), `corrupt` (its file), `unavailable` (not
 * pulled, memory, start), `timeout`, `cancelled`.
 */
export async function ensureLlmServer(
  paths: WorkspacePaths,
  model: string,
  options: ServeOptions = {},
): Promise<ServedModel> {
  const { entry } = installedModel(paths, model);
  if (entry.kind !== 'chat') throw new RagtuiError('usage', `${model} is no chat model.`, 'See `ragtui models list`.');
  const job = findServer(paths, model) ?? (await startServer(paths, entry, options));
  if (job.state !== 'running') options.onStatus?.(`starting ${model}`);
  return untilItAnswers(paths, model, job.spec.id, options);
}

/** The `serve` job of a model that runs or starts, if there is one. */
export function findServer(paths: WorkspacePaths, model: string): JobView | undefined {
  return listJobs(paths).find(
    ({ spec, state }) =>
      spec.work.kind === 'serve' && spec.work.model === model && !isOver(state) && state !== 'stopping',
  );
}

/** Stops a model's server; does nothing when there is none. */
export async function stopLlmServer(paths: WorkspacePaths, model: string): Promise<void> {
  const job = findServer(paths, model);
  if (job) await stopJob(paths, job.spec.id);
}

async function startServer(paths: WorkspacePaths, entry: ChatEntry, options: ServeOptions): Promise<JobView> {
  const unlock = await lockFile(path.join(paths.jobs, '.serve.lock'), options.signal ? { signal: options.signal } : {});
  try {
    return findServer(paths, entry.id) ?? (await launchJob(paths, serveWork(entry, options)));
  } finally {
    unlock();
  }
}

function serveWork(entry: ChatEntry, { contextTokens, idleMinutes }: ServeOptions) {
  return {
    kind: 'serve',
    engine: 'llama',
    model: entry.id,
    contextTokens: contextTokens ?? Math.min(entry.contextTokens, MAX_CONTEXT_TOKENS),
    idleMinutes: idleMinutes ?? IDLE_MINUTES,
  } as const;
}

async function untilItAnswers(
  paths: WorkspacePaths,
  model: string,
  id: JobId,
  { signal }: ServeOptions,
): Promise<ServedModel> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (signal?.aborted) throw new RagtuiError('cancelled', `Stopped waiting for ${model}.`);
    const job = readJob(paths, id);
    if (isOver(job.state)) throw startFailure(job, model);
    const endpoint = readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
    if (endpoint?.ready && job.spec.work.kind === 'serve' && (await isHealthy(endpoint.url, signal))) {
      const { url, key } = endpoint;
      return { url, key, model, jobId: id, contextTokens: job.spec.work.contextTokens };
    }
    if (performance.now() > end) {
      throw new RagtuiError('timeout', `${model} did not answer within ${START_TIMEOUT_MS / 1000} s.`, seeLogs(id));
    }
    await delay(POLL_MS);
  }
}

async function isHealthy(url: string, signal: AbortSignal | undefined): Promise<boolean> {
  const timeout = AbortSignal.timeout(2000);
  try {
    const health = new URL('/health', url);
    const response = await fetch(health, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Why a server did not come up, and what to do about it. */
function startFailure(job: JobView, model: string): RagtuiError {
  const { error, reason, spec } = job;
  if (/SIGABRT|SIGSEGV|SIGBUS/.test(reason)) {
    return new RagtuiError(
      'corrupt',
      `The engine crashed while loading ${model} (${reason}): its file is damaged or of a kind it does not know.`,
      `Run \`ragtui models verify ${model}\`. ${seeLogs(spec.id)}`,
    );
  }
  if (/out of memory/.test(reason)) {
    return new RagtuiError(
      'unavailable',
      `${model} was ended for lack of memory.`,
      'Close programs or take a smaller model.',
    );
  }
  if (error && isErrorCode(error.code)) return new RagtuiError(error.code, error.message, error.hint);
  return new RagtuiError(
    'unavailable',
    `The server of ${model} ended: ${error?.message ?? (reason || job.state)}.`,
    seeLogs(spec.id),
  );
}

const seeLogs = (id: string) => `See \`ragtui jobs logs ${id}\`.`;

const PASSED_ON = ['not-found', 'corrupt', 'unavailable', 'unsupported', 'permission', 'disk-full', 'usage'] as const;
const isErrorCode = (code: string): code is (typeof PASSED_ON)[number] => PASSED_ON.some((known) => known === code);
