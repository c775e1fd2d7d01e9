import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type StopStep, stopJob } from '../jobs/control.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { FORWARD_HEADER } from '../jobs/health.ts';
import { type LaunchOptions, launchJob } from '../jobs/launcher.ts';
import { readJob } from '../jobs/registry.ts';
import { isOver, type JobId, type JobView } from '../jobs/types.ts';
import { EndpointFault } from '../models/endpoint-faults.ts';
import { fileOf, installedModel, listAdapters } from '../models/store.ts';
import type { ChatEntry } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { statusText } from '../platform/status.ts';
import { readAdapters } from './adapters/state.ts';
import { adapterNeed, modelNeed } from './memory.ts';
import { makeRoom, makeRoomForAdapter } from './room.ts';
import { findServer, listServers, namesOf, type Server, servedAs, servedNames } from './servers.ts';
import { askToStopNow } from './stop.ts';
import type { ServeEngine, ServeWork } from './types.ts';

/** Longer contexts cost memory that a retrieved passage or three never need. */
const MAX_CONTEXT_TOKENS = 4096;
const IDLE_MINUTES = 15;
/** vLLM imports for half a minute and may have gigabytes to read. */
const START_TIMEOUT_MS = { llama: 180_000, vllm: 900_000, onnx: 180_000 } as const;
const POLL_MS = 50;
/** A server that was ready and does not answer for so long is stopped (SIGSTOP) or hangs. */
const SILENT_MS = 8000;

/** An LLM of ours that answers. */
export interface ServedModel {
  /** Base URL, ending in `/v1`. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly jobId: JobId;
  readonly contextTokens: number;
  readonly engine: ServeEngine;
}

export interface ServeOptions {
  /** What is being waited for, in words: "starting smollm2-135m-instruct". */
  readonly onStatus?: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly contextTokens?: number;
  /** Minutes without a request after which the server leaves; 0 = never. */
  readonly idleMinutes?: number;
  /** Models and adapters that will be asked too: adapters of the same base are served by the same server. */
  readonly beside?: readonly string[];
}

/**
 * The embedded server of a pulled chat model or of an adapter of one: the one that runs, or a new one. Resolves when it
 * answers for that name; an adapter that a running server lacks is loaded into it. Callers in several processes at once
 * get the same server. Errors: `not-found` (no such model), `corrupt` (its file), `unsupported` (an adapter that cannot
 * ride), `unavailable` (not pulled, memory, start), `timeout`, `cancelled`.
 */
export async function ensureLlmServer(
  paths: WorkspacePaths,
  name: string,
  options: ServeOptions = {},
): Promise<ServedModel> {
  const known = listAdapters(paths);
  const base = known.find((adapter) => adapter.name === name)?.base ?? name;
  const { entry } = installedModel(paths, base);
  if (entry.kind !== 'chat') throw new RagtuiError('usage', `${base} is no chat model.`, 'See `ragtui models list`.');
  const wanted = new Set([name, ...(options.beside ?? [])]);
  const adapters = known
    .filter((adapter) => adapter.base === base && wanted.has(adapter.name))
    .map((adapter) => ({ name: adapter.name, path: adapter.path }));
  const work = embeddedWork(entry, adapters, options);
  const { spec } = await ensureJob(paths, work, options);
  const served = await untilServed(paths, spec.id, base, options);
  await loadMissing(paths, { ...served, base }, adapters, options);
  return { ...served, model: servedBy(paths, spec.id, name) };
}

/** What a server calls `name` now. */
function servedBy(paths: WorkspacePaths, id: JobId, name: string): string {
  const server = listServers(paths).find(({ job }) => job.spec.id === id);
  return server ? servedAs(server, name) : name;
}

function embeddedWork(
  entry: ChatEntry,
  adapters: ServeWork['adapters'],
  { contextTokens, idleMinutes }: ServeOptions,
): ServeWork {
  return {
    engine: 'llama',
    model: entry.id,
    contextTokens: contextTokens ?? Math.min(entry.contextTokens, MAX_CONTEXT_TOKENS),
    idleMinutes: idleMinutes ?? IDLE_MINUTES,
    adapters,
    kvCacheGiB: 1,
  };
}

/**
 * The job that serves what `work` serves, on its engine; started if there is none, with room made in memory if it is
 * the embedded one. That engine takes adapters while it runs: there the model is enough. Errors: those of `makeRoom`.
 */
export async function ensureJob(
  paths: WorkspacePaths,
  work: ServeWork,
  options: Pick<ServeOptions, 'signal' | 'onStatus' | 'beside'> & { readonly launch?: LaunchOptions | undefined } = {},
): Promise<JobView> {
  const names = work.engine === 'llama' && work.idleMinutes > 0 ? [work.model] : servedNames(work);
  // Who deploys by hand stops by hand: a server that leaves when it is idle is not what was asked for.
  const accepts = (server: Server) => work.idleMinutes > 0 || server.work.idleMinutes === 0;
  const find = () => findServer(paths, names, work.engine, work.runner, accepts)?.job;
  return (
    find() ??
    (await whileServing(paths, options.signal, async () => {
      const found = find();
      if (found) return found;
      const fitting = work.engine === 'llama' ? await makeRoom(paths, work, options) : work;
      return await launchJob(paths, { kind: 'serve', ...fitting }, options.launch);
    }))
  );
}

/** One at a time in this workspace: who decides about servers must not be overtaken. */
async function whileServing<T>(paths: WorkspacePaths, signal: AbortSignal | undefined, work: () => Promise<T>) {
  const unlock = await lockFile(path.join(paths.jobs, '.serve.lock'), signal ? { signal } : {});
  try {
    return await work();
  } finally {
    unlock();
  }
}

/** Loads the adapters that a server does not have, or has from another place, without a restart. */
async function loadMissing(
  paths: WorkspacePaths,
  served: ServedModel & { readonly base: string },
  adapters: ServeWork['adapters'],
  options: ServeOptions,
): Promise<void> {
  const missing = () => {
    const server = listServers(paths).find(({ job }) => job.spec.id === served.jobId);
    return adapters.filter(({ name, path: source }) => {
      const has = server?.work.adapters.find((one) => one.name === name);
      // What somebody deployed by hand under this name, or rolled back to, is what is meant.
      const versioned = server ? (readAdapters(server.job.folder)?.adapters ?? []) : [];
      const isMeant = server?.work.idleMinutes === 0 || versioned.some((one) => one.name === name);
      return !has || (has.path !== source && !isMeant);
    });
  };
  if (missing().length === 0) return;
  await whileServing(paths, options.signal, async () => {
    for (const adapter of missing()) {
      options.onStatus?.(statusText('loading', { name: adapter.name, model: served.base }));
      const need = modelNeed(fileOf(installedModel(paths, served.base), 'model.gguf'));
      const bytes = adapterNeed(need, served.contextTokens, adapter.path);
      const beside = [served.base, ...(options.beside ?? [])];
      await makeRoomForAdapter(paths, adapter.name, bytes, { ...options, beside });
      await loadAdapter(served, adapter, { inPlace: true, ...(options.signal ? { signal: options.signal } : {}) });
    }
  });
}

/** Loads an adapter into a running server. Errors: `invalid` with the server's own words, `unavailable`. */
export const loadAdapter = (
  server: Pick<ServedModel, 'url' | 'key'>,
  { name, path: source }: ServeWork['adapters'][number],
  { inPlace = false, signal }: { readonly inPlace?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> =>
  tellServer(server, 'load_lora_adapter', { lora_name: name, lora_path: source, load_inplace: inPlace }, signal);

/** Takes an adapter from a running server; what it is answering is answered. Errors: as `loadAdapter`. */
export const unloadAdapter = (server: Pick<ServedModel, 'url' | 'key'>, name: string): Promise<void> =>
  tellServer(server, 'unload_lora_adapter', { lora_name: name });

async function tellServer(
  { url, key }: Pick<ServedModel, 'url' | 'key'>,
  what: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`${url}/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw new RagtuiError('cancelled', 'Stopped waiting for the server.');
    throw new RagtuiError('unavailable', `The server at ${url} does not answer.`, 'See `ragtui deploy list`.', {
      cause: error,
    });
  }
  const text = await response.text();
  if (!response.ok) throw new RagtuiError('invalid', errorMessage(text), 'See `ragtui deploy list`.');
}

const errorBodySchema = z.object({ error: z.object({ message: z.string() }) });
function errorMessage(text: string): string {
  try {
    return errorBodySchema.parse(JSON.parse(text)).error.message;
  } catch {
    return text.slice(0, 200) || 'The server refused without a word.';
  }
}

/** Stops the servers that have a model or an adapter under this name, or the one of this job (`now`: answers under way are cut off); returns their jobs as they are then. */
export async function stopServers(
  paths: WorkspacePaths,
  name: string,
  options: { readonly engine?: ServeEngine; readonly now?: boolean; readonly onStep?: (step: StopStep) => void } = {},
): Promise<JobView[]> {
  const { engine, now = false, onStep } = options;
  const isMeant = (server: Server) =>
    (namesOf(server).includes(name) || server.job.spec.id === name) &&
    (engine === undefined || server.work.engine === engine);
  const stopped: JobView[] = [];
  for (const { job } of listServers(paths).filter(isMeant)) {
    if (now) askToStopNow(job.folder);
    stopped.push(await stopJob(paths, job.spec.id, onStep ? { onStep } : {}));
  }
  return stopped;
}

/** Waits until a serve job answers for `name`. Errors: as `ensureLlmServer`, from the job's own end. */
export async function untilServed(
  paths: WorkspacePaths,
  id: JobId,
  name: string,
  { signal, onStatus }: Pick<ServeOptions, 'signal' | 'onStatus'>,
): Promise<ServedModel> {
  const startedAt = performance.now();
  let silentSince: number | undefined;
  for (let told = ''; ; ) {
    if (signal?.aborted) throw new RagtuiError('cancelled', `Stopped waiting for ${name}.`);
    const job = readJob(paths, id);
    if (isOver(job.state)) throw startFailure(job, name);
    if (existsSync(jobFiles(job.folder).asleep)) {
      throw new RagtuiError('unavailable', `The server of ${name} sleeps.`, `Wake it: \`ragtui deploy wake ${id}\`.`);
    }
    const { work } = job.spec;
    if (work.kind !== 'serve') throw new RagtuiError('usage', `The job ${id} serves nothing.`);
    const endpoint = readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
    const health = endpoint?.ready ? await healthOf(endpoint.url, signal) : 'silent';
    if (endpoint?.ready && health === 'well') {
      const { url, key } = endpoint;
      return {
        url,
        key,
        model: servedBy(paths, id, name),
        jobId: id,
        contextTokens: work.contextTokens,
        engine: work.engine,
      };
    }
    // One that was up and is silent now does not come up by waiting.
    silentSince = endpoint?.ready ? (silentSince ?? performance.now()) : undefined;
    if (silentSince !== undefined && performance.now() - silentSince > SILENT_MS) {
      throw silent(job, name, health === 'away');
    }
    const phase = job.progress?.phase ?? '';
    if (told !== phase || told === '') onStatus?.(statusText(phase ? 'startingPhase' : 'starting', { name, phase }));
    told = phase;
    const limit = START_TIMEOUT_MS[work.engine];
    if (performance.now() - startedAt > limit) {
      throw new RagtuiError('timeout', `${name} did not answer within ${limit / 1000} s.`, seeLogs(id));
    }
    await delay(POLL_MS);
  }
}

const silent = ({ spec, pid, far, reason }: JobView, name: string, away: boolean): RagtuiError => {
  if (!far) return hangs(spec.id, name, pid);
  return new EndpointFault(
    'unavailable',
    `The server of ${name} on ${far.host} has not answered for ${SILENT_MS / 1000} s${reason ? `: ${reason}` : ''}.`,
    `It is tried again by itself. See \`ragtui hosts check ${far.host}\`, or stop it: \`ragtui jobs stop ${spec.id}\`.`,
    // Who has the time waits for a host that is gone; one that is there and says nothing is another matter.
    { away: away || /unreachable since/.test(reason) },
  );
};

const hangs = (id: JobId, name: string, pid: number | null): RagtuiError =>
  new RagtuiError(
    'unavailable',
    `The server of ${name} has not answered for ${SILENT_MS / 1000} s: its process ${pid ?? ''} is stopped or hangs.`.replace(
      '  ',
      ' ',
    ),
    `Stop it and start it again: \`ragtui jobs stop ${id}\`. Or let it go on: kill -CONT.`,
  );

/** `away`: the port here that leads to another host says that it cannot be reached. */
async function healthOf(url: string, signal: AbortSignal | undefined): Promise<'well' | 'away' | 'silent'> {
  const timeout = AbortSignal.timeout(2000);
  try {
    const health = new URL('/health', url);
    const response = await fetch(health, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    await response.arrayBuffer();
    if (response.ok) return 'well';
    return response.headers.get(FORWARD_HEADER) === 'unreachable' ? 'away' : 'silent';
  } catch {
    return 'silent';
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

const PASSED_ON = [
  'busy',
  'corrupt',
  'disk-full',
  'invalid',
  'not-found',
  'permission',
  'unavailable',
  'unsupported',
  'usage',
] as const;
const isErrorCode = (code: string): code is (typeof PASSED_ON)[number] => PASSED_ON.some((known) => known === code);
