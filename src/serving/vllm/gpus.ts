import type { EngineDevice } from '../../engines/types.ts';
import { machineGpus } from '../../jobs/devices/gpus.ts';
import { gpusWanted } from '../../jobs/devices/need.ts';
import { assertEnough } from '../../jobs/devices/queue.ts';
import { gpusOf, type ServeWork, type VllmOptions } from '../types.ts';

/** GPUs a server asks this machine for, and how many it has; null = it needs none of them (a CPU, Ray). */
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
