import { z } from 'zod';
import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { livingProcess } from '../jobs/identity.ts';
import { readJob } from '../jobs/registry.ts';
import { isOver } from '../jobs/types.ts';
import { fileOf, installedModel } from '../models/store.ts';
import { loadSettings } from '../platform/config.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { waitUntil } from '../platform/processes.ts';
import { statusText } from '../platform/status.ts';
import { anonymousMemory, availableMemory, contextThatFits, embeddedNeed, inMegabytes } from './memory.ts';
import { listServers, type Server, servedNames } from './servers.ts';
import { DEFAULT_PARALLEL, type ServeWork } from './types.ts';

const GIBIBYTE = 1024 ** 3;
/** Of what the machine has available, so that the rest of it can breathe. */
const SHARE_OF_AVAILABLE = 0.9;
/** A server that was told to leave while idle has nothing to finish. */
const LEAVE_MS = 15_000;
const ASK_MS = 2000;

/** An embedded server as the plan sees it. */
export interface Holder {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since it last answered; null = it answers or starts. */
  readonly idleMs: number | null;
  /** Why it is not stopped for others; empty = it may be. */
  readonly kept: string;
}

export interface RoomPlan {
  /** Which of the wanted sizes it is, by index. */
  readonly choice: number;
  /** Servers to stop first, the longest idle one first. */
  readonly stop: readonly Holder[];
}

/**
 * How to fit one more within `limit` bytes: as few servers stopped as possible, the longest idle first and never one that
 * answers; with those stopped, the first of `sizes` that fits. Undefined = it cannot be had. Pure.
 */
export function planRoom(limit: number, holders: readonly Holder[], sizes: readonly number[]): RoomPlan | undefined {
  const idle = holders.filter(({ idleMs, kept }) => idleMs !== null && !kept);
  const byAge = idle.sort((a, b) => (b.idleMs ?? 0) - (a.idleMs ?? 0));
  let used = sum(holders);
  for (let stopped = 0; ; stopped += 1) {
    const choice = sizes.findIndex((size) => used + size <= limit);
    if (choice >= 0) return { choice, stop: byAge.slice(0, stopped) };
    const next = byAge[stopped];
    if (!next) return undefined;
    used -= next.bytes;
  }
}

export interface RoomOptions {
  /** Models whose servers stay: those that are asked together with the new one. */
  readonly beside?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onStatus?: (text: string) => void;
}

/**
 * Makes room for one more embedded server within the limit of all of them (`[serving] memory_gib`, else what the machine
 * has): with fewer chats in parallel, or by stopping idle servers that nobody deployed by hand. Returns the work that fits.
 * Errors: `unavailable`, with who holds what and what would fit.
 */
export async function makeRoom(paths: WorkspacePaths, work: ServeWork, options: RoomOptions = {}): Promise<ServeWork> {
  const file = fileOf(installedModel(paths, work.model), 'model.gguf');
  const candidates = parallelCandidates(work.parallel ?? DEFAULT_PARALLEL).map((parallel) => ({ ...work, parallel }));
  const sizes = candidates.map((candidate) => embeddedNeed(file, candidate));
  const choice = await freeUp(paths, work.model, sizes, options, (room) => {
    const tokens = contextThatFits(file, room);
    return tokens >= 512 && tokens < work.contextTokens ? `a context of ${tokens} tokens would fit` : undefined;
  });
  return candidates[choice] ?? work;
}

/** The same for one more adapter of a running server. `bytes` as `adapterNeed` says. */
export async function makeRoomForAdapter(
  paths: WorkspacePaths,
  name: string,
  bytes: number,
  options: RoomOptions,
): Promise<void> {
  await freeUp(paths, name, [bytes], options, () => undefined);
}

async function freeUp(
  paths: WorkspacePaths,
  name: string,
  sizes: readonly number[],
  { beside = [], signal, onStatus }: RoomOptions,
  advice: (room: number) => string | undefined,
): Promise<number> {
  const servers = listServers(paths).filter(({ work }) => work.engine === 'llama');
  const holders = await Promise.all(servers.map((server) => holderOf(paths, server, beside)));
  const limit = memoryLimit(paths, servers);
  const plan = planRoom(limit, holders, sizes);
  if (!plan) throw noRoom(name, Math.min(...sizes), limit, holders, advice);
  for (const holder of plan.stop) {
    signal?.throwIfAborted();
    onStatus?.(statusText('stopping', { name: holder.name, other: name }));
    if (!(await retire(paths, holder.id)))
      return await freeUp(paths, name, sizes, { beside, ...(signal ? { signal } : {}) }, advice);
  }
  return plan.choice;
}

/** Half as many chats at once, and half of that, before anything is stopped. */
function parallelCandidates(parallel: number): number[] {
  return parallel <= 1 ? [1] : [parallel, ...parallelCandidates(Math.floor(parallel / 2))];
}

function memoryLimit(paths: WorkspacePaths, servers: readonly Server[]): number {
  const gib = loadSettings(paths.configFile).settings.serving.memory_gib;
  if (gib !== undefined) return gib * GIBIBYTE;
  // What running servers have for themselves is no longer available; their mapped weights still count as available.
  const held = servers.map(({ job }) => anonymousMemory(livingProcess(jobFiles(job.folder).worker)?.pid ?? 0));
  return (availableMemory() + held.reduce((total, bytes) => total + bytes, 0)) * SHARE_OF_AVAILABLE;
}

async function holderOf(paths: WorkspacePaths, { job, work }: Server, beside: readonly string[]): Promise<Holder> {
  const state = await ask(paths, job.spec.id, 'GET', 'state');
  const idle = stateSchema.safeParse(state?.body);
  const isWanted = servedNames(work).some((name) => beside.includes(name));
  return {
    id: job.spec.id,
    name: work.model,
    bytes: needOf(paths, work),
    idleMs: idle.success && idle.data.requests === 0 ? idle.data.idleMs : null,
    kept: isWanted ? 'asked together with it' : work.idleMinutes === 0 ? 'deployed by hand' : '',
  };
}

/** A model that was removed while it is served still holds its memory, but nobody can say how much. */
function needOf(paths: WorkspacePaths, work: ServeWork): number {
  try {
    return embeddedNeed(fileOf(installedModel(paths, work.model), 'model.gguf'), work);
  } catch {
    return 0;
  }
}

const stateSchema = z.object({ idleMs: z.number(), requests: z.number() });

/** Asks a server to leave; false when it has something to answer after all. */
async function retire(paths: WorkspacePaths, id: string): Promise<boolean> {
  const answer = await ask(paths, id, 'POST', 'retire');
  if (answer?.status === 409) return false;
  await waitUntil(() => isOver(readJob(paths, id).state), LEAVE_MS);
  return true;
}

/** A question to a server of ours; undefined when it does not answer. */
async function ask(
  paths: WorkspacePaths,
  id: string,
  method: 'GET' | 'POST',
  what: 'state' | 'retire',
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  const endpoint = readJsonFile(jobFiles(readJob(paths, id).folder).endpoint, endpointFileSchema);
  if (!endpoint?.ready) return undefined;
  try {
    const response = await fetch(new URL(`/ragtui/${what}`, endpoint.url), {
      method,
      headers: { authorization: `Bearer ${endpoint.key}` },
      signal: AbortSignal.timeout(ASK_MS),
    });
    return { status: response.status, body: await response.json() };
  } catch {
    return undefined;
  }
}

function noRoom(
  name: string,
  needed: number,
  limit: number,
  holders: readonly Holder[],
  advice: (room: number) => string | undefined,
): RagtuiError {
  // Idle ones would have been stopped, had that been enough.
  const staying = holders.filter(({ kept, idleMs }) => kept || idleMs === null);
  const room = Math.max(0, limit - sum(staying));
  const who = staying.map(
    ({ name: held, bytes, kept }) => `${held} ${inMegabytes(bytes)} (${kept || 'it is answering'})`,
  );
  const taken = who.length > 0 ? `; the rest is taken by ${who.join(', ')}` : '';
  const fits = advice(room);
  const stop = staying.length > 0 ? 'stop a server (`ragtui deploy stop`), ' : '';
  return new RagtuiError(
    'unavailable',
    `${name} needs about ${inMegabytes(needed)} of memory; ${inMegabytes(room)} of the ${inMegabytes(limit)} for embedded servers can be had${taken}.`,
    `${fits ? `${fits}; or ` : ''}${stop}close programs, raise [serving] memory_gib, or take a smaller model.`.replace(
      /^./,
      (letter) => letter.toUpperCase(),
    ),
  );
}

const sum = (holders: readonly Holder[]): number => holders.reduce((total, { bytes }) => total + bytes, 0);
