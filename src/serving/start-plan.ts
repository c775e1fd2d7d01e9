import { statSync } from 'node:fs';
import { z } from 'zod';
import { engineStatus } from '../engines/store.ts';
import { farEngines, keptFarEngine, knownHost } from '../hosts/store.ts';
import { deviceOfHost, hostOf, launcherSchema } from '../hosts/types.ts';
import { fileOf, installedModel } from '../models/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { readGpus } from '../platform/telemetry/nvidia-smi.ts';
import { planDeployment } from './deploy.ts';
import { defaultLanes } from './embedding/job.ts';
import { availableMemory, embeddedParts } from './memory.ts';
import { leavingServers } from './start.ts';
import { type ServeWork, serveEngineSchema, serveSchema, vllmOptionsSchema } from './types.ts';
import type { VllmMachine } from './vllm/command.ts';
import { gpuNeed, gpusThere } from './vllm/gpus.ts';
import { cpuHasBfloat16 } from './vllm/machine.ts';
import { vllmNeed } from './vllm/memory.ts';
import { plannedCommand } from './vllm/plan.ts';

/** Node with onnxruntime and a tokenizer, without weights. */
const LANE_BYTES = 150 * 1024 ** 2;

/** What a person asks for when a server is to be started; the same as `deploy start`. */
export const startRequestSchema = z.object({
  model: z.string().min(1),
  engine: serveEngineSchema.optional(),
  adapters: z.array(z.string()),
  contextTokens: z.number().int().positive().optional(),
  kvCacheGiB: z.number().int().positive().optional(),
  vllm: vllmOptionsSchema.optional(),
  /** Where it runs; absent: on this machine. */
  launcher: launcherSchema.optional(),
  /** Servers that are stopped first: of this model, adapter or job. */
  swap: z.string().min(1).optional(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

const partSchema = z.object({ what: z.enum(['weights', 'context', 'adapters', 'process']), bytes: z.number() });

/** What would run, what it will take and what there is. */
export const startPlanSchema = z.object({
  work: serveSchema,
  /** As a person would type it; null = the embedded server, which is a part of ragtui. */
  command: z.string().nullable(),
  /** Where the memory is taken. */
  device: z.enum(['memory', 'gpu']),
  /** Bytes; a part that cannot be told yet (weights that are not made) is left out. */
  parts: z.array(partSchema),
  /** What can be had, bytes, with what stops first; null = not known. */
  freeBytes: z.number().nullable(),
  /** GPUs it wants for itself and how many there are where it runs; absent = it needs none. */
  gpus: z.object({ wanted: z.number(), here: z.number() }).optional(),
  /** The host it runs on, as it was when it was looked at last; absent = this machine. */
  host: z
    .object({
      name: z.string(),
      checkedAt: z.iso.datetime(),
      /** What its kind of memory has in all (of a GPU, where it is a GPU's), bytes; null = not known. What is free there is not asked. */
      totalBytes: z.number().nullable(),
      /** Version of vLLM there; null: none was found. */
      vllm: z.string().nullable(),
    })
    .optional(),
});
export type StartPlan = z.infer<typeof startPlanSchema>;

/**
 * What `deploy start` would do, with its memory. Reads model headers and asks the driver: for a child process.
 * Errors: those of `planDeployment` and `leavingServers`.
 */
export async function planStart(paths: WorkspacePaths, request: StartRequest): Promise<StartPlan> {
  const { model, adapters, engine, contextTokens, kvCacheGiB, vllm, launcher, swap } = request;
  const work = planDeployment(paths, {
    model,
    adapters,
    ...(engine === undefined ? {} : { engine }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(kvCacheGiB === undefined ? {} : { kvCacheGiB }),
    ...(vllm === undefined ? {} : { vllm }),
    ...(launcher === undefined ? {} : { launcher }),
  });
  return await sizedPlan(paths, work, swap);
}

/** What a server takes, and what there is when the servers of `swap` are gone. Errors: `not-found`, `unavailable` (not pulled). */
export async function sizedPlan(paths: WorkspacePaths, work: ServeWork, swap?: string): Promise<StartPlan> {
  const { freed } = await leavingServers(paths, swap);
  if (work.launcher !== undefined) return planThere(paths, work, work.launcher);
  const memory = finite(availableMemory() + freed.memory);
  if (work.engine === 'llama') {
    const { weights, context, adapters: riding, process: own } = embeddedParts(ggufOf(paths, work.model), work);
    return {
      work,
      command: null,
      device: 'memory',
      parts: parts({ weights, context, adapters: riding, process: own }),
      freeBytes: memory,
    };
  }
  if (work.engine === 'onnx') {
    const lanes = work.parallel ?? defaultLanes();
    return {
      work,
      command: null,
      device: 'memory',
      // Each process holds the model once.
      parts: parts({ weights: onnxWeights(paths, work.model) * lanes, process: LANE_BYTES * lanes }),
      freeBytes: memory,
    };
  }
  const device = engineStatus(paths, 'vllm').manifest?.device;
  const gpu = device === 'cuda';
  const gpus = await gpuNeed(work, device);
  return {
    work,
    command: plannedCommand(paths, work),
    ...vllmParts(paths, work, { device: gpu ? 'cuda' : 'cpu', hasBfloat16: cpuHasBfloat16() }),
    freeBytes: gpu ? await freeGpuMemory(freed.gpu) : memory,
    ...(gpus ? { gpus } : {}),
  };
}

/** The same on a host, by what is kept of it: nobody is asked. Errors: `not-found` (the host). */
function planThere(paths: WorkspacePaths, work: ServeWork, launcher: string): StartPlan {
  const host = knownHost(paths, hostOf(launcher));
  const { name, facts } = host;
  const engine = keptFarEngine(paths, launcher, 'vllm');
  const device = engine?.device ?? deviceOfHost(host);
  const python = engine?.python ?? `${farEngines(host)}/vllm/bin/python`;
  const machine = { python, device, hasBfloat16: facts.bfloat16 };
  const totalMb = device === 'cuda' ? (facts.gpus[0]?.memoryMb ?? null) : facts.memoryMb;
  const gpus = gpusThere(work, host, device);
  return {
    work,
    command: plannedCommand(paths, work, machine),
    ...vllmParts(paths, work, machine),
    freeBytes: null,
    ...(gpus.wanted > 0 ? { gpus } : {}),
    host: {
      name,
      checkedAt: facts.checkedAt,
      totalBytes: totalMb === null ? null : totalMb * 1024 ** 2,
      vllm: engine ? (Object.values(engine.versions)[0] ?? '') : null,
    },
  };
}

/** What vLLM takes; on GPUs what each of them holds. */
function vllmParts(
  paths: WorkspacePaths,
  work: ServeWork,
  machine: Omit<VllmMachine, 'python'>,
): Pick<StartPlan, 'device' | 'parts'> {
  const gpu = machine.device === 'cuda';
  const { tensorParallel = 1, pipelineParallel = 1 } = work.vllm ?? {};
  const { weights, cache, process } = vllmNeed(paths, work, machine);
  const each = gpu ? weights / (tensorParallel * pipelineParallel) : weights;
  return { device: gpu ? 'gpu' : 'memory', parts: parts({ weights: each, context: cache, process }) };
}

const ggufOf = (paths: WorkspacePaths, model: string): string => fileOf(installedModel(paths, model), 'model.gguf');
const finite = (bytes: number): number | null => (Number.isFinite(bytes) ? bytes : null);

function parts(sizes: Partial<Record<z.infer<typeof partSchema>['what'], number>>): StartPlan['parts'] {
  const order = ['weights', 'context', 'adapters', 'process'] as const;
  return order.flatMap((what) => (sizes[what] ? [{ what, bytes: sizes[what] }] : []));
}

function onnxWeights(paths: WorkspacePaths, model: string): number {
  const { files } = installedModel(paths, model);
  return Object.values(files)
    .filter((file) => file.endsWith('.onnx'))
    .reduce((sum, file) => sum + statSync(file).size, 0);
}

/** Of the GPU with most of it free, once `freed` is. */
async function freeGpuMemory(freed: number): Promise<number | null> {
  const gpus = await readGpus();
  if (gpus.state !== 'ok') return null;
  const free = gpus.gpus.flatMap(({ memoryTotal, memoryUsed }) =>
    memoryTotal === null || memoryUsed === null ? [] : [memoryTotal - memoryUsed],
  );
  return free.length === 0 ? null : Math.max(...free) + freed;
}
