import { z } from 'zod';
import { engineStatus } from '../engines/store.ts';
import { stopJob } from '../jobs/control.ts';
import { lendDevices, takeBackDevices } from '../jobs/devices/lend.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../jobs/folder.ts';
import { readJob } from '../jobs/registry.ts';
import { type JobId, jobIdSchema } from '../jobs/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { groupMembers } from '../platform/process-group.ts';
import { readGpus } from '../platform/telemetry/nvidia-smi.ts';
import { anonymousMemory } from './memory.ts';
import { listServers } from './servers.ts';
import { serveEngineSchema } from './types.ts';
import { usualTimes } from './vllm/stage-times.ts';

const ASK_MS = 120_000;

/** A server that holds memory another program wants, and what taking it costs. */
export const holdingSchema = z.object({
  job: jobIdSchema,
  model: z.string(),
  adapters: z.array(z.string()),
  engine: serveEngineSchema,
  /** Where the memory is. */
  device: z.enum(['cpu', 'gpu']),
  /** Bytes it holds there; null = not known. */
  bytes: z.number().nullable(),
  /** `sleep`: gives a GPU's memory back and keeps the rest; `stop`: must be started again. */
  how: z.enum(['sleep', 'stop']),
  /** Seconds its last start took: what it costs to have it back; null = not known. */
  startSeconds: z.number().nullable(),
});
export type Holding = z.infer<typeof holdingSchema>;

/** Servers of ours (`name`: a model, an adapter or a job) by what they hold: of a GPU where vLLM runs on one, else of the machine's memory. Starts nvidia-smi where there is a GPU. */
export async function holdings(paths: WorkspacePaths, name?: string): Promise<Holding[]> {
  const servers = listServers(paths).filter(
    ({ job, work, asleep }) =>
      !asleep &&
      // One on another host holds nothing here; by its name it can be stopped all the same.
      (work.launcher === undefined || name !== undefined) &&
      (name === undefined ||
        [job.spec.id, work.model, work.servedName].includes(name) ||
        work.adapters.some((one) => one.name === name)),
  );
  const onGpu = engineStatus(paths, 'vllm').manifest?.device === 'cuda';
  const gpus = onGpu && servers.some(({ work }) => work.engine === 'vllm') ? await readGpus() : undefined;
  return servers.map((server): Holding => {
    const { job, work } = server;
    const pids = job.pid === null || work.launcher !== undefined ? [] : groupMembers(job.pid);
    const gpu = onGpu && work.engine === 'vllm' && work.launcher === undefined;
    // Of one on another host it is not known which device it has there.
    const times = work.launcher !== undefined ? [] : usualTimes(paths, `vllm ${onGpu ? 'cuda' : 'cpu'} ${work.model}`);
    return {
      job: job.spec.id,
      model: work.model,
      adapters: work.adapters.map((one) => one.name),
      engine: work.engine,
      device: gpu ? 'gpu' : 'cpu',
      bytes: gpu ? gpuBytes(gpus, pids) : pids.reduce((sum, pid) => sum + anonymousMemory(pid), 0) || null,
      // On a CPU vLLM ignores a request to sleep: it would hold what it holds.
      how: gpu && work.vllm?.sleepMode ? 'sleep' : 'stop',
      startSeconds: work.engine === 'vllm' && times.length > 0 ? times.reduce((sum, one) => sum + one, 0) : null,
    };
  });
}

/** What one server holds. Errors: `not-found` when it ended or sleeps. */
export async function holdingOf(paths: WorkspacePaths, job: JobId): Promise<Holding> {
  const [found] = await holdings(paths, job);
  if (found) return found;
  throw new RagtuiError('not-found', `${job} holds no memory: it ended, or it sleeps.`, 'See `ragtui deploy list`.');
}

function gpuBytes(gpus: Awaited<ReturnType<typeof readGpus>> | undefined, pids: readonly number[]): number | null {
  if (gpus?.state !== 'ok') return null;
  const mine = gpus.processes.filter(({ pid }) => pids.includes(pid));
  const sizes = mine.flatMap(({ memory }) => (memory === null ? [] : [memory]));
  return sizes.length === 0 ? null : sizes.reduce((sum, one) => sum + one, 0);
}

/**
 * Takes the memory of one server: it sleeps and lends its GPUs, or is stopped. Errors: `unavailable`, those of `stopJob`.
 */
export async function takeMemory(paths: WorkspacePaths, { job, how }: Holding): Promise<void> {
  if (how === 'stop') await stopJob(paths, job);
  else {
    await switchSleep(paths, job, 'sleep?level=1');
    lendDevices(readJob(paths, job).folder);
  }
}

/**
 * Wakes a server that sleeps (`name`: its model or its job). Errors: `not-found`, `busy` while another job has its GPU,
 * `unavailable`.
 */
export async function wake(paths: WorkspacePaths, name: string): Promise<JobId> {
  const can = listServers(paths).filter(
    ({ job, work }) => [job.spec.id, work.model, work.servedName].includes(name) && work.vllm?.sleepMode === true,
  );
  const server = can.find(({ asleep }) => asleep) ?? can[0];
  if (!server) {
    throw new RagtuiError(
      'not-found',
      `No server of ${name} was started so that it can sleep.`,
      'See `ragtui deploy list`; one that was stopped is started again with `ragtui jobs retry`.',
    );
  }
  const { folder, spec } = server.job;
  await takeBackDevices(paths, spec.id, folder);
  try {
    await switchSleep(paths, spec.id, 'wake_up');
  } catch (error) {
    if (server.asleep) lendDevices(folder);
    throw error;
  }
  return spec.id;
}

async function switchSleep(paths: WorkspacePaths, id: JobId, what: string): Promise<void> {
  const server = listServers(paths).find(({ job }) => job.spec.id === id);
  const endpoint = server && readJsonFile(jobFiles(server.job.folder).endpoint, endpointFileSchema);
  if (!endpoint?.ready) throw new RagtuiError('unavailable', `${id} does not answer yet.`, 'See `ragtui deploy list`.');
  try {
    const response = await fetch(new URL(`/${what}`, endpoint.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${endpoint.key}` },
      signal: AbortSignal.timeout(ASK_MS),
    });
    if (!response.ok) throw new Error(`the server said ${response.status}`);
  } catch (error) {
    throw new RagtuiError('unavailable', `${id} did not do it.`, `See \`ragtui jobs logs ${id}\`.`, { cause: error });
  }
}
