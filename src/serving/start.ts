import { installedEngine } from '../engines/store.ts';
import type { LaunchOptions } from '../jobs/launcher.ts';
import type { JobView } from '../jobs/types.ts';
import { fileOf, installedModel } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { type Holding, holdings } from './hand-over.ts';
import { ensureJob, stopServers } from './llama.ts';
import { availableMemory, embeddedNeed, inMegabytes } from './memory.ts';
import { findServer, type Server, servedNames } from './servers.ts';
import type { ServeWork } from './types.ts';
import { checkGpus, checkGpusThere } from './vllm/gpus.ts';
import { cpuHasBfloat16 } from './vllm/machine.ts';
import { checkVllmMemory } from './vllm/memory.ts';

/** Servers that are stopped for another one, and what that frees, bytes; what is not known counts as nothing. */
export interface Leaving {
  readonly servers: readonly Holding[];
  readonly freed: { readonly memory: number; readonly gpu: number };
}

/** Who leaves when `swap` (a model, an adapter or a job) does. Errors: `not-found` when nothing is served as that. */
export async function leavingServers(paths: WorkspacePaths, swap: string | undefined): Promise<Leaving> {
  const servers = swap === undefined ? [] : await holdings(paths, swap);
  if (swap !== undefined && servers.length === 0) {
    throw new RagtuiError('not-found', `Nothing is served as "${swap}".`, 'See `ragtui deploy list`; or leave it out.');
  }
  const on = (where: Holding['device']) =>
    servers.filter(({ device }) => device === where).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  return { servers, freed: { memory: on('cpu'), gpu: on('gpu') } };
}

/**
 * Starts a server, in the place of those of `swap`: they are stopped once it is known that it fits without them. One
 * that serves the same with the same settings is given instead (`onThere`). Errors: `not-found`, `exists` (served with
 * other settings), `unavailable` (memory, engine), those of `ensureJob`.
 */
export async function startServer(
  paths: WorkspacePaths,
  work: ServeWork,
  options: {
    readonly swap?: string | undefined;
    readonly signal?: AbortSignal;
    readonly onStatus?: (text: string) => void;
    readonly onStopped?: (job: JobView) => void;
    readonly onThere?: (job: JobView) => void;
    readonly launch?: LaunchOptions;
  } = {},
): Promise<JobView> {
  const { swap, onStopped, onThere, ...rest } = options;
  const { servers, freed } = await leavingServers(paths, swap);
  const there = whoServes(paths, work, servers);
  if (there) {
    onThere?.(there);
    return there;
  }
  const free = availableMemory() + freed.memory;
  if (work.launcher !== undefined) await checkGpusThere(paths, work);
  else if (work.engine === 'vllm') {
    const { device } = installedEngine(paths, 'vllm');
    await checkGpus(work, device);
    checkVllmMemory(paths, work, device, cpuHasBfloat16(), free);
  }
  if (work.engine === 'llama' && swap !== undefined) checkEmbedded(paths, work, free);
  if (swap !== undefined) for (const job of await stopServers(paths, swap)) onStopped?.(job);
  return await ensureJob(paths, work, rest);
}

/** Who serves this already and stays. Errors: `exists` when it was started with other settings. */
function whoServes(paths: WorkspacePaths, work: ServeWork, leaving: readonly Holding[]): JobView | undefined {
  const stays = (server: Server) =>
    server.work.idleMinutes === 0 && !leaving.some(({ job }) => job === server.job.spec.id);
  const server = findServer(paths, servedNames(work), work.engine, work.runner, stays);
  if (!server) return undefined;
  const { spec } = server.job;
  if (spec.work.kind === 'serve' && settingsOf(spec.work) === settingsOf(work)) return server.job;
  throw new RagtuiError(
    'exists',
    `${work.model} is served already, with other settings, by ${spec.id}.`,
    `Take its place: --swap ${spec.id}. Or stop it first.`,
  );
}

const settingsOf = ({ contextTokens, servedName, vllm = {}, kvCacheGiB, engine, launcher }: ServeWork): string =>
  JSON.stringify([
    launcher,
    contextTokens,
    servedName,
    Object.entries(vllm).sort(),
    engine === 'vllm' ? kvCacheGiB : null,
  ]);

/** With one chat at a time: it is started with fewer where there is no room for more. */
function checkEmbedded(paths: WorkspacePaths, work: ServeWork, free: number): void {
  const need = embeddedNeed(fileOf(installedModel(paths, work.model), 'model.gguf'), { ...work, parallel: 1 });
  if (need <= free) return;
  throw new RagtuiError(
    'unavailable',
    `${work.model} needs about ${inMegabytes(need)} of memory; ${inMegabytes(free)} would be free.`,
    'Nothing was stopped. Take a shorter --context or a smaller model.',
  );
}
