import type { EngineDevice } from '../../engines/types.ts';
import { farEngine } from '../../hosts/engines.ts';
import { knownHost } from '../../hosts/store.ts';
import { hostOf, type KnownHost } from '../../hosts/types.ts';
import { machineGpus } from '../../jobs/devices/gpus.ts';
import { gpusWanted } from '../../jobs/devices/need.ts';
import { assertEnough } from '../../jobs/devices/queue.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { gpusOf, type ServeWork, type VllmOptions } from '../types.ts';

/** GPUs a server asks a machine for, and how many that has; null = it needs none of them (a CPU, Ray). */
export interface GpuNeed {
  readonly wanted: number;
  readonly here: number;
}

/** Asks nvidia-smi: not for the UI process. */
export async function gpuNeed(work: ServeWork, device: EngineDevice | undefined): Promise<GpuNeed | null> {
  const wanted = gpusWanted({ kind: 'serve', ...work }, device);
  return wanted === 0 ? null : { wanted, here: (await machineGpus()).length };
}

/** Refuses a server that this machine can never give its GPUs. Errors: `unavailable`. */
export async function checkGpus(work: ServeWork, device: EngineDevice): Promise<void> {
  const count = gpusWanted({ kind: 'serve', ...work }, device);
  if (count === 0) return;
  const among = (await machineGpus()).map(({ id, index }) => ({ id, label: `GPU ${index}` }));
  assertEnough({ count, among }, productText(work.vllm));
}

/** The same of a host, by the GPUs it had when it was looked at last. */
export const gpusThere = (work: ServeWork, { facts }: KnownHost, device: EngineDevice): GpuNeed => ({
  wanted: gpusWanted({ kind: 'serve', ...work, launcher: undefined }, device),
  here: facts.gpus.length,
});

/** The same for a host, whose GPUs were counted when it was looked at. Errors: `unavailable` (vLLM is not there, too few), `network`, `not-found`. */
export async function checkGpusThere(paths: WorkspacePaths, work: ServeWork): Promise<void> {
  const host = knownHost(paths, hostOf(work.launcher ?? ''));
  const { device } = await farEngine(host, 'vllm');
  const { wanted, here } = gpusThere(work, host, device);
  if (wanted <= here) return;
  throw new RagtuiError(
    'unavailable',
    `It wants ${wanted} ${wanted === 1 ? 'GPU' : 'GPUs'}${productText(work.vllm)}; ${host.name} has ${here}.`,
    `Look at it again with \`ragtui hosts check ${host.name}\`, or take less parallelism.`,
  );
}

/** ` (tensor 4 × pipeline 2)`; nothing for a single one. Pure. */
export function productText(vllm: VllmOptions = {}): string {
  if (gpusOf(vllm) === 1) return '';
  const { tensorParallel, pipelineParallel, dataParallel } = vllm;
  const parts = [
    ['tensor', tensorParallel],
    ['pipeline', pipelineParallel],
    ['data', dataParallel],
  ] as const;
  return ` (${parts.flatMap(([name, count]) => (count === undefined || count === 1 ? [] : [`${name} ${count}`])).join(' × ')})`;
}
